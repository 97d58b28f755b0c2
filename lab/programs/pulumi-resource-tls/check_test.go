package main

import (
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"weft/lab/programs/internal/plugin"
)

func reasons(t *testing.T, token string, with inputs) []string {
	t.Helper()
	checked, err := clocked(started).Check(ctx, &pulumirpc.CheckRequest{Urn: urnOf(token), News: wire(t, with)})
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, failure := range checked.GetFailures() {
		all = append(all, failure.GetReason())
	}
	slices.Sort(all)
	return all
}

func TestInputsThatTheProviderRefuses(t *testing.T) {
	ca := caInputs(t)
	for name, c := range map[string]struct {
		token  string
		inputs inputs
		want   []string
	}{
		"a CA":                 {selfSigned, ca, nil},
		"not yet known values": {selfSigned, with(ca, inputs{"privateKeyPem": unknownString, validityPeriod: unknownString, "subject": unknownString, "allowedUses": unknownString}), nil},
		"an algorithm": {privateKey, inputs{"algorithm": "DSA"}, []string{
			`Invalid Attribute Value Match. Attribute algorithm value must be one of: ["RSA" "ECDSA" "ED25519"], got: "DSA". Examine values at 'it.algorithm'.`}},
		"a curve": {privateKey, inputs{"algorithm": "ECDSA", "ecdsaCurve": "P-256"}, []string{
			`Invalid Attribute Value Match. Attribute ecdsa_curve value must be one of: ["P224" "P256" "P384" "P521"], got: "P-256". Examine values at 'it.ecdsaCurve'.`}},
		"hours": {selfSigned, with(ca, inputs{validityPeriod: -1, earlyRenewal: -10}), []string{
			"Invalid Attribute Value. Attribute early_renewal_hours value must be at least 0, got: -10. Examine values at 'it.earlyRenewalHours'.",
			"Invalid Attribute Value. Attribute validity_period_hours value must be at least 0, got: -1. Examine values at 'it.validityPeriodHours'."}},
		"nothing": {locallySigned, inputs{}, []string{
			"Missing required property 'allowedUses'", "Missing required property 'caCertPem'", "Missing required property 'caPrivateKeyPem'",
			"Missing required property 'certRequestPem'", "Missing required property 'validityPeriodHours'"}},
		"an empty address": {certRequest, inputs{"privateKeyPem": "x", "ipAddresses": []any{"10.0.0.1", ""}}, []string{
			"Invalid Attribute Value Length. Attribute ip_addresses[1] string length must be at least 1, got: 0. Examine values at 'it.ipAddresses[1]'."}},
		"a type of a subject's field": {certRequest, inputs{"privateKeyPem": "x", "subject": inputs{"commonName": 1, "streetAddresses": []any{"a"}}}, []string{
			"Incorrect attribute value type. Attribute subject[0].common_name must be a string, got a number. Examine values at 'it.subject.commonName'."}},
		"a write-only key": {certRequest, inputs{"privateKeyPem": "x", "privateKeyPemWo": "x"}, []string{
			"privateKeyPemWo: the lab's double of the tls provider has no write-only keys; pass privateKeyPem. Examine values at 'it.privateKeyPemWo'."}},
	} {
		if got := reasons(t, c.token, c.inputs); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := reasons(t, selfSigned, with(ca, inputs{"allowedUses": []any{"cert_signing", "certSigning"}})); len(got) != 1 {
		t.Error(got)
	}
}

func TestACheckedKeyIsSecretEvenBeforeItIsKnown(t *testing.T) {
	for _, key := range []string{unknownString, "x"} {
		checked, err := clocked(started).Check(ctx, &pulumirpc.CheckRequest{Urn: urnOf(certRequest), News: wire(t, inputs{"privateKeyPem": key})})
		if err != nil {
			t.Fatal(err)
		}
		read, err := plugin.Read(checked.GetInputs())
		if err != nil || !read["privateKeyPem"].IsSecret() {
			t.Errorf("%s: %v %v", key, read, err)
		}
	}
}
