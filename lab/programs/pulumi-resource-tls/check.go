package main

import (
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A check returns what is wrong with the value at a path (in Terraform's and in Pulumi's words), or nothing.
type check func(at place, v resource.PropertyValue) []problem

// A place is where a value stands: `allowed_uses[0]` for Terraform, `allowedUses[0]` for Pulumi.
type place struct{ terraform, pulumi string }

func (p place) element(i int) place {
	return place{fmt.Sprintf("%s[%d]", p.terraform, i), fmt.Sprintf("%s[%d]", p.pulumi, i)}
}

type problem struct {
	at     place
	reason string
}

// validate checks a program's inputs and returns the reasons to refuse them, in the words of the real provider.
// Unknown values pass.
func validate(k kind, resourceName string, inputs resource.PropertyMap) []string {
	var reasons []string
	for refused, instead := range writeOnly {
		if given(inputs, refused) {
			reasons = append(reasons, fmt.Sprintf(
				"%s: the lab's double of the tls provider has no write-only keys; pass %s. Examine values at '%s.%s'.",
				refused, instead, resourceName, refused))
		}
	}
	for _, p := range k.properties {
		if p.terraform == "" {
			continue
		}
		if !given(inputs, resource.PropertyKey(p.name)) {
			if p.required {
				reasons = append(reasons, fmt.Sprintf("Missing required property '%s'", p.name))
			}
			continue
		}
		test := p.check
		if test == nil {
			test = anyString
		}
		for _, found := range test(place{p.terraform, p.name}, inputs[resource.PropertyKey(p.name)]) {
			reasons = append(reasons, fmt.Sprintf("%s. Examine values at '%s.%s'.", found.reason, resourceName, found.at.pulumi))
		}
	}
	return reasons
}

func wrong(at place, format string, args ...any) []problem {
	return []problem{{at, fmt.Sprintf(format, args...)}}
}

// ofType wraps a check: unknown values pass, values of another type do not.
func ofType(name string, is func(resource.PropertyValue) bool, then check) check {
	return func(at place, v resource.PropertyValue) []problem {
		switch {
		case v.IsComputed():
			return nil
		case !is(v):
			return wrong(at, "Incorrect attribute value type. Attribute %s must be a %s, got a %s", at.terraform, name, v.TypeString())
		case then == nil:
			return nil
		default:
			return then(at, v)
		}
	}
}

var (
	anyString = ofType("string", resource.PropertyValue.IsString, nil)
	isNumber  = ofType("number", resource.PropertyValue.IsNumber, nil)
	isBool    = ofType("bool", resource.PropertyValue.IsBool, nil)
	notEmpty  = ofType("string", resource.PropertyValue.IsString, func(at place, v resource.PropertyValue) []problem {
		if v.StringValue() == "" {
			return wrong(at, "Invalid Attribute Value Length. Attribute %s string length must be at least 1, got: 0", at.terraform)
		}
		return nil
	})
)

func atLeast(least float64) check {
	return ofType("number", resource.PropertyValue.IsNumber, func(at place, v resource.PropertyValue) []problem {
		if v.NumberValue() < least {
			return wrong(at, "Invalid Attribute Value. Attribute %s value must be at least %v, got: %v", at.terraform, least, v.NumberValue())
		}
		return nil
	})
}

func oneOf(allowed ...string) check {
	return ofType("string", resource.PropertyValue.IsString, func(at place, v resource.PropertyValue) []problem {
		if !slices.Contains(allowed, v.StringValue()) {
			return wrong(at, "Invalid Attribute Value Match. Attribute %s value must be one of: %q, got: %q",
				at.terraform, allowed, v.StringValue())
		}
		return nil
	})
}

func listOf(element check) check {
	return ofType("list", resource.PropertyValue.IsArray, func(at place, v resource.PropertyValue) []problem {
		var found []problem
		for i, e := range v.ArrayValue() {
			found = append(found, element(at.element(i), e)...)
		}
		return found
	})
}

func isSubject(at place, v resource.PropertyValue) []problem {
	fields := func(at place, v resource.PropertyValue) []problem {
		var found []problem
		for _, f := range subjectFields {
			if !given(v.ObjectValue(), resource.PropertyKey(f.name)) {
				continue
			}
			test := anyString
			if f.name == streetAddresses {
				test = listOf(anyString)
			}
			field := place{at.terraform + "[0]." + f.terraform, at.pulumi + "." + f.name}
			found = append(found, test(field, v.ObjectValue()[resource.PropertyKey(f.name)])...)
		}
		return found
	}
	return ofType("object", resource.PropertyValue.IsObject, fields)(at, v)
}

func given(m resource.PropertyMap, key resource.PropertyKey) bool {
	v, ok := m[key]
	return ok && !v.IsNull()
}

// reading a plan's values: an unknown or absent value is the type's zero.

func text(m resource.PropertyMap, key string) string {
	if v := m[resource.PropertyKey(key)]; v.IsString() {
		return v.StringValue()
	}
	return ""
}

func number(m resource.PropertyMap, key string) int64 {
	if v := m[resource.PropertyKey(key)]; v.IsNumber() {
		return int64(v.NumberValue())
	}
	return 0
}

func truth(m resource.PropertyMap, key string) bool {
	v := m[resource.PropertyKey(key)]
	return v.IsBool() && v.BoolValue()
}

func texts(m resource.PropertyMap, key string) []string {
	v := m[resource.PropertyKey(key)]
	if !v.IsArray() {
		return nil
	}
	all := make([]string, len(v.ArrayValue()))
	for i, e := range v.ArrayValue() {
		all[i] = e.StringValue()
	}
	return all
}
