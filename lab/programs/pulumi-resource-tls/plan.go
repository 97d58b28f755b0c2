package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var unknown = resource.MakeComputed(resource.NewStringProperty(""))

// plan is what a resource would become with these inputs, and which of its properties make that a replacement.
// Without a prior state the resource is new. Values that only the operation itself can tell are unknown.
//
// The order of the steps is that of Terraform's plugin framework: inputs and defaults, then unknown values where anything
// changed, then the rules of each property, then those of the resource.
func plan(k kind, prior, inputs resource.PropertyMap, now time.Time) (resource.PropertyMap, []string, error) {
	planned := resource.PropertyMap{}
	for _, p := range k.properties {
		switch {
		case p.has(input) && given(inputs, p.name):
			planned[p.name] = withoutNulls(inputs[p.name])
		case p.fallback != nil:
			planned[p.name] = resource.NewPropertyValue(p.fallback)
		case p.has(computed) && given(prior, p.name):
			planned[p.name] = prior[p.name]
		case p.has(computed) && prior == nil:
			planned[p.name] = unknown
		}
	}
	var replacing []string
	if prior != nil {
		changed := slices.ContainsFunc(k.properties, func(p property) bool { return differs(prior, planned, p.name) })
		for _, p := range k.properties {
			if changed && p.has(computed) && !p.has(stable) {
				planned[p.name] = unknown
			}
			if p.has(replaces) && differs(prior, planned, p.name) {
				replacing = append(replacing, string(p.name))
			}
		}
	}
	due, err := planRenewal(planned, prior != nil, now)
	if due {
		replacing = append(replacing, "readyForRenewal")
	}
	return planned, replacing, err
}

// planRenewal sets readyForRenewal, and says whether an existing certificate is due.
func planRenewal(planned resource.PropertyMap, exists bool, now time.Time) (bool, error) {
	if _, certificate := planned["readyForRenewal"]; !certificate {
		return false, nil
	}
	hours, early := number(planned, "validityPeriodHours"), planned["earlyRenewalHours"]
	if hours == 0 || !early.IsComputed() && number(planned, "earlyRenewalHours") >= hours {
		planned["readyForRenewal"] = resource.NewBoolProperty(true)
	}
	if !exists {
		return false, nil
	}
	if early.IsComputed() {
		return false, fmt.Errorf("Value Conversion Error: earlyRenewalHours is not known yet, " +
			"so nobody can say whether the certificate is due for renewal")
	}
	due, err := renewalDue(planned, now)
	if due {
		planned["readyForRenewal"] = unknown
	}
	return due, err
}

// renewalDue says whether a certificate has entered the last earlyRenewalHours before its end.
func renewalDue(state resource.PropertyMap, now time.Time) (bool, error) {
	end := text(state, "validityEndTime")
	if end == "" {
		return false, nil
	}
	ends, err := time.Parse(time.RFC3339, end)
	if err != nil {
		return false, fmt.Errorf("Failed to parse data from string: %s: %w", end, err)
	}
	early := time.Duration(number(state, "earlyRenewalHours")) * time.Hour
	return !now.Before(ends.Add(-early)), nil
}

// differs compares one property of two states. What is not set and what is null are the same.
func differs(a, b resource.PropertyMap, key resource.PropertyKey) bool {
	if !given(a, key) || !given(b, key) {
		return given(a, key) != given(b, key)
	}
	return !a[key].DeepEquals(b[key])
}

func withoutNulls(v resource.PropertyValue) resource.PropertyValue {
	if !v.IsObject() {
		return v
	}
	kept := v.ObjectValue().Copy()
	maps.DeleteFunc(kept, func(key resource.PropertyKey, _ resource.PropertyValue) bool { return !given(kept, key) })
	return resource.NewObjectProperty(kept)
}
