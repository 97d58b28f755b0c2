package main

import (
	"regexp"
	"slices"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// A kind is a type of resource: what terraform-provider-tls declares of it, under Pulumi's names.
type kind struct {
	properties []property
	// schemaVersion is Terraform's version of the state; zero is left out of it.
	schemaVersion string
	// create fills in what the plan left unknown. Warnings are for the person who reads the update.
	create func(plan resource.PropertyMap, now time.Time) (outputs resource.PropertyMap, warnings []string, err error)
}

type property struct {
	name string
	// terraform is the name in error messages; without it the property is never validated.
	terraform string
	required  bool
	secret    bool
	// fallback is what an input that is not given becomes.
	fallback *resource.PropertyValue
	// computed says that the provider chooses the value when the program gives none.
	computed bool
	// stable says that a computed value stays when the resource is updated.
	stable bool
	// replaces says whether a change of this old value replaces the resource.
	replaces func(old resource.PropertyValue) bool
	// check returns what is wrong with a known value, or "".
	check check
}

func always(resource.PropertyValue) bool { return true }

// wholePEM is upstream's idea of a PEM string. A state that holds anything else is corrected in place.
var wholePEM = regexp.MustCompile(`^-----BEGIN [[:alpha:] ]+-----\n(.|\s)+\n-----END [[:alpha:] ]+-----\n?$`)

func ifPEM(old resource.PropertyValue) bool {
	return old.IsString() && wholePEM.MatchString(old.StringValue())
}

func value(v any) *resource.PropertyValue {
	p := resource.NewPropertyValue(v)
	return &p
}

// output is a value that only the provider sets.
func output(name string) property { return property{name: name, computed: true, stable: true} }

var (
	privateKeyPem  = property{name: "privateKeyPem", terraform: "private_key_pem", required: true, secret: true, replaces: ifPEM}
	dnsNames       = property{name: "dnsNames", terraform: "dns_names", replaces: always, check: listOf(anyString)}
	ipAddresses    = property{name: "ipAddresses", terraform: "ip_addresses", replaces: always, check: listOf(notEmpty)}
	uris           = property{name: "uris", terraform: "uris", replaces: always, check: listOf(notEmpty)}
	subject        = property{name: "subject", terraform: "subject", replaces: always, check: isSubject}
	setsSubjectKey = property{name: "setSubjectKeyId", terraform: "set_subject_key_id", fallback: value(false), replaces: always, check: isBool}

	// validity is what both kinds of certificate have.
	validity = []property{
		{name: "validityPeriodHours", terraform: "validity_period_hours", required: true, replaces: always, check: atLeast(0)},
		{name: "allowedUses", terraform: "allowed_uses", required: true, replaces: always, check: listOf(oneOf(uses()...))},
		{name: "earlyRenewalHours", terraform: "early_renewal_hours", fallback: value(0), check: atLeast(0)},
		{name: "isCaCertificate", terraform: "is_ca_certificate", fallback: value(false), replaces: always, check: isBool},
		{name: "maxPathLength", terraform: "max_path_length", computed: true, stable: true, replaces: always, check: atLeast(-1)},
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
			{name: "algorithm", terraform: "algorithm", required: true, replaces: always, check: oneOf("RSA", "ECDSA", "ED25519")},
			{name: "rsaBits", terraform: "rsa_bits", fallback: value(2048), replaces: always, check: isNumber},
			{name: "ecdsaCurve", terraform: "ecdsa_curve", fallback: value("P224"), replaces: always, check: oneOf("P224", "P256", "P384", "P521")},
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
		create: createCertRequest,
		properties: []property{
			privateKeyPem, dnsNames, ipAddresses, uris, subject,
			output("keyAlgorithm"), output("certRequestPem"), output("id"),
		},
	},
	"tls:index/selfSignedCert:SelfSignedCert": {
		create: createSelfSigned,
		properties: slices.Concat([]property{
			privateKeyPem, dnsNames, ipAddresses, uris, subject, setsSubjectKey,
			{name: "setAuthorityKeyId", terraform: "set_authority_key_id", fallback: value(false), replaces: always, check: isBool},
			output("keyAlgorithm"),
		}, validity),
	},
	"tls:index/locallySignedCert:LocallySignedCert": {
		create: createLocallySigned,
		properties: slices.Concat([]property{
			{name: "caCertPem", terraform: "ca_cert_pem", required: true, replaces: ifPEM},
			{name: "caPrivateKeyPem", terraform: "ca_private_key_pem", required: true, secret: true, replaces: ifPEM},
			{name: "certRequestPem", terraform: "cert_request_pem", required: true, replaces: ifPEM},
			setsSubjectKey,
			output("caKeyAlgorithm"),
		}, validity),
	},
}

// writeOnly are the inputs of 5.6 that the double refuses, each with what to pass in its place.
var writeOnly = map[resource.PropertyKey]string{
	"privateKeyPemWo":   "privateKeyPem",
	"caPrivateKeyPemWo": "caPrivateKeyPem",
}
