package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A kind is a type of resource: what terraform-provider-tls declares of it, under Pulumi's names.
type kind struct {
	properties []property
	// schemaVersion is Terraform's version of the state; zero is left out of it.
	schemaVersion string
	// create fills in what the plan left unknown.
	create func(plan resource.PropertyMap, now time.Time) (outputs resource.PropertyMap, err error)
}

type property struct {
	name string
	// input says that the program may give it. Without one of the others, it stays null: the double takes no value for it.
	input    bool
	required bool
	secret   bool
	// fallback is what an input that is not given becomes.
	fallback *resource.PropertyValue
	// computed says that the provider chooses the value when the program gives none.
	computed bool
	// stable says that a computed value stays when the resource is updated.
	stable bool
	// replaces says that a change replaces the resource.
	replaces bool
	// allowed are the values, or the elements of lists, that the double takes; empty: any.
	allowed []string
	// refused says that the double takes no value at all.
	refused bool
}

func value(v any) *resource.PropertyValue {
	p := resource.NewPropertyValue(v)
	return &p
}

// output is a value that only the provider sets.
func output(name string) property { return property{name: name, computed: true, stable: true} }

func input(name string) property { return property{name: name, input: true, replaces: true} }

func required(p property) property {
	p.required = true
	return p
}

func secret(p property) property {
	p.secret = true
	return p
}

func refused(name string) property { return property{name: name, input: true, refused: true} }

func oneOf(p property, allowed ...string) property {
	p.allowed = allowed
	return p
}

func otherwise(p property, v any) property {
	p.fallback = value(v)
	return p
}

var (
	identity = []property{
		secret(required(input("privateKeyPem"))), input("dnsNames"), refused("ipAddresses"), refused("uris"), input("subject"),
	}

	// validity is what both kinds of certificate have.
	validity = []property{
		otherwise(input("setSubjectKeyId"), false),
		required(input("validityPeriodHours")),
		oneOf(required(input("allowedUses")), "digital_signature", "content_commitment", "key_encipherment", "cert_signing", "crl_signing"),
		{name: "earlyRenewalHours", input: true, fallback: value(0)},
		otherwise(input("isCaCertificate"), false),
		{name: "maxPathLength", input: true, computed: true, stable: true, replaces: true},
		output("certPem"),
		{name: "readyForRenewal", fallback: value(false)},
		output("validityStartTime"),
		output("validityEndTime"),
		output("id"),
	}
)

var kinds = map[string]kind{
	"tls:index/privateKey:PrivateKey": {
		schemaVersion: "1",
		create:        createPrivateKey,
		properties: []property{
			oneOf(required(input("algorithm")), "RSA", "ECDSA"),
			otherwise(input("rsaBits"), 2048),
			oneOf(otherwise(input("ecdsaCurve"), "P224"), "P256"),
			{name: "privateKeyPem", computed: true, secret: true},
			{name: "privateKeyOpenssh", computed: true, secret: true},
			{name: "privateKeyPemPkcs8", computed: true, secret: true},
			{name: "publicKeyPem", computed: true},
			{name: "publicKeyOpenssh", computed: true},
			{name: "publicKeyFingerprintMd5", computed: true},
			{name: "publicKeyFingerprintSha256", computed: true},
			{name: "id", computed: true},
		},
	},
	"tls:index/certRequest:CertRequest": {
		create:     createCertRequest,
		properties: append(slices.Clone(identity), output("keyAlgorithm"), output("certRequestPem"), output("id")),
	},
	"tls:index/selfSignedCert:SelfSignedCert": {
		create: createSelfSigned,
		properties: slices.Concat(identity, []property{
			{name: "setAuthorityKeyId", input: true, refused: true, fallback: value(false)}, output("keyAlgorithm"),
		}, validity),
	},
	"tls:index/locallySignedCert:LocallySignedCert": {
		create: createLocallySigned,
		properties: slices.Concat([]property{
			required(input("caCertPem")), secret(required(input("caPrivateKeyPem"))), required(input("certRequestPem")),
			output("caKeyAlgorithm"),
		}, validity),
	},
}

// subjectFields are the fields of a subject. The double takes the first three.
var subjectFields = []string{
	"commonName", "locality", "organization",
	"country", "emailAddress", "organizationalUnit", "postalCode", "province", "serialNumber", streetAddresses,
}

const streetAddresses = "streetAddresses"

// validate returns why the double does not take a program's inputs. Types are left to the SDK, and what is unknown passes.
func validate(k kind, inputs resource.PropertyMap) []string {
	var reasons []string
	refuse := func(name string, v resource.PropertyValue) {
		reasons = append(reasons, fmt.Sprintf("the lab's double of the tls provider does not take %s: %v", name, v.V))
	}
	for key := range inputs {
		known := slices.ContainsFunc(k.properties, func(p property) bool { return p.input && p.name == string(key) })
		if !known && key != "__defaults" && given(inputs, key) {
			reasons = append(reasons, fmt.Sprintf("the lab's double of the tls provider does not know %s", key))
		}
	}
	for _, p := range k.properties {
		key := resource.PropertyKey(p.name)
		v := inputs[key]
		switch {
		case !given(inputs, key):
			if p.required {
				reasons = append(reasons, fmt.Sprintf("Missing required property '%s'", p.name))
			}
		case p.refused:
			refuse(p.name, v)
		case p.name == "subject" && v.IsObject():
			for _, field := range subjectFields[3:] {
				if given(v.ObjectValue(), resource.PropertyKey(field)) {
					refuse("subject."+field, v.ObjectValue()[resource.PropertyKey(field)])
				}
			}
		case len(p.allowed) > 0:
			elements := []resource.PropertyValue{v}
			if v.IsArray() {
				elements = v.ArrayValue()
			}
			for _, e := range elements {
				if !e.IsComputed() && !(e.IsString() && slices.Contains(p.allowed, e.StringValue())) {
					refuse(p.name, e)
				}
			}
		}
	}
	return reasons
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
