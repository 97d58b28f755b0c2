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
	name resource.PropertyKey
	is   trait
	// fallback is what an input that is not given becomes.
	fallback any
	// allowed are the values, or the elements of lists, that the double takes; empty: any.
	allowed []string
}

type trait uint8

const (
	// input says that the program may give it.
	input trait = 1 << iota
	required
	secret
	// computed says that the provider chooses the value when the program gives none.
	computed
	// stable says that a computed value stays when the resource is updated.
	stable
	// replaces says that a change replaces the resource.
	replaces
	// refused says that the double takes no value at all.
	refused

	// fixed is an input that the resource is made of.
	fixed  = input | replaces
	needed = fixed | required
	// output is what only the provider sets.
	output = computed | stable
)

func (p property) has(t trait) bool { return p.is&t == t }

var (
	identity = []property{
		{name: "privateKeyPem", is: needed | secret},
		{name: "dnsNames", is: fixed},
		{name: "ipAddresses", is: input | refused},
		{name: "uris", is: input | refused},
		{name: "subject", is: fixed},
	}

	// validity is what both kinds of certificate have.
	validity = []property{
		{name: "setSubjectKeyId", is: fixed, fallback: false},
		{name: "validityPeriodHours", is: needed},
		{name: "allowedUses", is: needed, allowed: []string{
			"digital_signature", "content_commitment", "key_encipherment", "cert_signing", "crl_signing",
		}},
		{name: "earlyRenewalHours", is: input, fallback: 0},
		{name: "isCaCertificate", is: fixed, fallback: false},
		{name: "maxPathLength", is: fixed | output},
		{name: "certPem", is: output},
		{name: "readyForRenewal", fallback: false},
		{name: "validityStartTime", is: output},
		{name: "validityEndTime", is: output},
		{name: "id", is: output},
	}
)

var kinds = map[string]kind{
	"tls:index/privateKey:PrivateKey": {
		schemaVersion: "1",
		create:        createPrivateKey,
		properties: []property{
			{name: "algorithm", is: needed, allowed: []string{"RSA", "ECDSA"}},
			{name: "rsaBits", is: fixed, fallback: 2048},
			{name: "ecdsaCurve", is: fixed, fallback: "P224", allowed: []string{"P256"}},
			{name: "privateKeyPem", is: computed | secret},
			{name: "privateKeyOpenssh", is: computed | secret},
			{name: "privateKeyPemPkcs8", is: computed | secret},
			{name: "publicKeyPem", is: computed},
			{name: "publicKeyOpenssh", is: computed},
			{name: "publicKeyFingerprintMd5", is: computed},
			{name: "publicKeyFingerprintSha256", is: computed},
			{name: "id", is: computed},
		},
	},
	"tls:index/certRequest:CertRequest": {
		create: createCertRequest,
		properties: slices.Concat(identity, []property{
			{name: "keyAlgorithm", is: output}, {name: "certRequestPem", is: output}, {name: "id", is: output},
		}),
	},
	"tls:index/selfSignedCert:SelfSignedCert": {
		create: createSelfSigned,
		properties: slices.Concat(identity, []property{
			{name: "setAuthorityKeyId", is: input | refused, fallback: false}, {name: "keyAlgorithm", is: output},
		}, validity),
	},
	"tls:index/locallySignedCert:LocallySignedCert": {
		create: createLocallySigned,
		properties: slices.Concat([]property{
			{name: "caCertPem", is: needed},
			{name: "caPrivateKeyPem", is: needed | secret},
			{name: "certRequestPem", is: needed},
			{name: "caKeyAlgorithm", is: output},
		}, validity),
	},
}

// subjectFields are the fields of a subject. The double takes the first three.
var subjectFields = []resource.PropertyKey{
	"commonName", "locality", "organization",
	"country", "emailAddress", "organizationalUnit", "postalCode", "province", "serialNumber", streetAddresses,
}

const streetAddresses = "streetAddresses"

// validate returns why the double does not take a program's inputs. Types are left to the SDK, and what is unknown passes.
func validate(k kind, inputs resource.PropertyMap) []string {
	var reasons []string
	refuse := func(name resource.PropertyKey, v resource.PropertyValue) {
		reasons = append(reasons, fmt.Sprintf("the lab's double of the tls provider does not take %s: %v", name, v.V))
	}
	for key := range inputs {
		known := slices.ContainsFunc(k.properties, func(p property) bool { return p.has(input) && p.name == key })
		if !known && key != "__defaults" && given(inputs, key) {
			reasons = append(reasons, fmt.Sprintf("the lab's double of the tls provider does not know %s", key))
		}
	}
	for _, p := range k.properties {
		v := inputs[p.name]
		switch {
		case v.IsNull():
			if p.has(required) {
				reasons = append(reasons, fmt.Sprintf("Missing required property '%s'", p.name))
			}
		case p.has(refused):
			refuse(p.name, v)
		case p.name == "subject" && v.IsObject():
			for _, field := range subjectFields[3:] {
				if given(v.ObjectValue(), field) {
					refuse("subject."+field, v.ObjectValue()[field])
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

// reading a plan's values: an unknown or absent value is the type's zero.

func given(m resource.PropertyMap, key resource.PropertyKey) bool { return !m[key].IsNull() }

func text(m resource.PropertyMap, key resource.PropertyKey) string { return valueOf[string](m, key) }

func number(m resource.PropertyMap, key resource.PropertyKey) int64 {
	return int64(valueOf[float64](m, key))
}

func truth(m resource.PropertyMap, key resource.PropertyKey) bool { return valueOf[bool](m, key) }

func texts(m resource.PropertyMap, key resource.PropertyKey) []string {
	var all []string
	for _, element := range valueOf[[]resource.PropertyValue](m, key) {
		all = append(all, element.StringValue())
	}
	return all
}

func valueOf[T any](m resource.PropertyMap, key resource.PropertyKey) T {
	value, _ := m[key].V.(T)
	return value
}
