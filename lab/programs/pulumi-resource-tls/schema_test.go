package main

import (
	"slices"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestInputsThatTheDoubleDoesNotTake(t *testing.T) {
	ca := caInputs(t)
	double := "the lab's double of the tls provider does not "
	for name, c := range map[string]struct {
		token  string
		inputs inputs
		want   []string
	}{
		"a CA": {selfSigned, ca, nil},
		"not yet known values": {selfSigned, with(ca, inputs{
			"privateKeyPem": unknownString, validityPeriod: unknownString, "subject": unknownString, "allowedUses": unknownString}), nil},
		"an algorithm": {privateKey, inputs{"algorithm": "ED25519"}, []string{double + "take algorithm: ED25519"}},
		"a curve":      {privateKey, inputs{"algorithm": "ECDSA", "ecdsaCurve": "P384"}, []string{double + "take ecdsaCurve: P384"}},
		"a use": {selfSigned, with(ca, inputs{"allowedUses": []any{"cert_signing", "server_auth"}}), []string{
			double + "take allowedUses: server_auth"}},
		"nothing": {locallySigned, inputs{}, []string{
			"Missing required property 'allowedUses'", "Missing required property 'caCertPem'", "Missing required property 'caPrivateKeyPem'",
			"Missing required property 'certRequestPem'", "Missing required property 'validityPeriodHours'"}},
		"an address": {certRequest, inputs{"privateKeyPem": "x", "ipAddresses": []any{"10.0.0.1"}}, []string{
			double + "take ipAddresses: [{10.0.0.1}]"}},
		"a field of a subject": {certRequest, inputs{"privateKeyPem": "x", "subject": inputs{"commonName": "x", "country": "DE"}}, []string{
			double + "take subject.country: DE"}},
		"a write-only key": {certRequest, inputs{"privateKeyPem": "x", "privateKeyPemWo": "x"}, []string{double + "know privateKeyPemWo"}},
	} {
		checked, err := clocked(started).Check(ctx, &pulumirpc.CheckRequest{Urn: urnOf(c.token), News: wire(t, c.inputs)})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, failure := range checked.GetFailures() {
			got = append(got, failure.GetReason())
		}
		slices.Sort(got)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestACheckedKeyIsSecretEvenBeforeItIsKnown(t *testing.T) {
	for _, key := range []string{unknownString, "x"} {
		checked, err := clocked(started).Check(ctx, &pulumirpc.CheckRequest{Urn: urnOf(certRequest), News: wire(t, inputs{"privateKeyPem": key})})
		if err != nil {
			t.Fatal(err)
		}
		read, err := read(checked.GetInputs())
		if err != nil || !read["privateKeyPem"].IsSecret() {
			t.Errorf("%s: %v %v", key, read, err)
		}
	}
}
