package main

import (
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestACertificateIsReplacedFromTheInstantItsRenewalWindowOpens(t *testing.T) {
	ca := caInputs(t)
	state := create(t, clocked(started), selfSigned, ca)
	opens := started.Add(20 * oneDay)

	if found := diffOf(t, clocked(opens.Add(-time.Nanosecond)), selfSigned, state, ca); found.GetChanges() != pulumirpc.DiffResponse_DIFF_NONE {
		t.Errorf("a nanosecond early: %v", found)
	}
	found := diffOf(t, clocked(opens), selfSigned, state, ca)
	if got := summary(found); got != "readyForRenewal:UPDATE_REPLACE" {
		t.Errorf("at the instant: %s", got)
	}
	if len(found.GetReplaces()) != 1 || found.GetReplaces()[0] != readyToRenew || !found.GetHasDetailedDiff() {
		t.Errorf("at the instant: %v", found)
	}
	if got := summary(diffOf(t, clocked(started.Add(31*oneDay)), selfSigned, state, ca)); got != "readyForRenewal:UPDATE_REPLACE" {
		t.Errorf("after its end: %s", got)
	}
}

func TestWithoutEarlyRenewalACertificateIsReplacedAtItsEnd(t *testing.T) {
	ca := with(caInputs(t), inputs{earlyRenewal: nil})
	state := create(t, clocked(started), selfSigned, ca)
	end := started.Add(30 * oneDay)
	if got := summary(diffOf(t, clocked(end.Add(-time.Nanosecond)), selfSigned, state, ca)); got != "" {
		t.Errorf("a nanosecond early: %s", got)
	}
	if got := summary(diffOf(t, clocked(end), selfSigned, state, ca)); got != "readyForRenewal:UPDATE_REPLACE" {
		t.Errorf("at its end: %s", got)
	}
}

func TestRefreshReportsThatACertificateIsDue(t *testing.T) {
	ca := caInputs(t)
	state := create(t, clocked(started), selfSigned, ca)
	written, err := write(state)
	if err != nil {
		t.Fatal(err)
	}
	for days, due := range map[int]bool{19: false, 20: true} {
		read, err := clocked(started.Add(time.Duration(days)*oneDay)).Read(ctx, &pulumirpc.ReadRequest{
			Id: text(state, "id"), Urn: urnOf(selfSigned), Properties: written, Inputs: wire(t, ca),
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := truth(open(t, read.GetProperties()), readyToRenew); got != due {
			t.Errorf("after %d days: readyForRenewal %v", days, got)
		}
	}
}

func TestARefreshedCertificateOutsideItsWindowIsNotReplaced(t *testing.T) {
	ca := caInputs(t)
	state := create(t, clocked(started), selfSigned, ca)
	state[readyToRenew] = resource.NewBoolProperty(true)
	if got := summary(diffOf(t, clocked(started), selfSigned, state, ca)); got != "readyForRenewal:UPDATE" {
		t.Error(got)
	}
}

func TestACertificateThatIsAlwaysDueSaysSoFromTheStart(t *testing.T) {
	for _, always := range []inputs{{validityPeriod: 0, earlyRenewal: 0}, {validityPeriod: 5, earlyRenewal: 5}} {
		if state := create(t, clocked(started), selfSigned, with(caInputs(t), always)); !truth(state, readyToRenew) {
			t.Errorf("%v: %v", always, state[readyToRenew])
		}
	}
}

func TestWhatReplacesACertificateAndWhatDoesNot(t *testing.T) {
	ca := with(caInputs(t), inputs{"dnsNames": []any{"a", "b"}})
	state := create(t, clocked(started), selfSigned, ca)
	for change, c := range map[string]struct {
		inputs inputs
		want   string
	}{
		"nothing":                {inputs{}, ""},
		"the default, written":   {inputs{"setSubjectKeyId": false}, ""},
		"early renewal":          {inputs{earlyRenewal: 24}, "earlyRenewalHours:UPDATE"},
		"early renewal, gone":    {inputs{earlyRenewal: nil}, "earlyRenewalHours:UPDATE"},
		"validity":               {inputs{validityPeriod: 999}, "validityPeriodHours:UPDATE_REPLACE"},
		"early and validity":     {inputs{validityPeriod: 999, earlyRenewal: 1}, "earlyRenewalHours:UPDATE validityPeriodHours:UPDATE_REPLACE"},
		"a use":                  {inputs{"allowedUses": []any{"cert_signing", "digital_signature"}}, "allowedUses:UPDATE_REPLACE"},
		"a use less":             {inputs{"allowedUses": []any{"crl_signing"}}, "allowedUses:UPDATE_REPLACE"},
		"a use more":             {inputs{"allowedUses": []any{"cert_signing", "crl_signing", "digital_signature"}}, "allowedUses:UPDATE_REPLACE"},
		"a name of the subject":  {inputs{"subject": inputs{"commonName": "Other", "organization": "Weft"}}, "subject:UPDATE_REPLACE"},
		"a field of the subject": {inputs{"subject": inputs{"commonName": "Root CA"}}, "subject:UPDATE_REPLACE"},
		"no subject":             {inputs{"subject": nil}, "subject:DELETE_REPLACE"},
		"a null in the subject":  {inputs{"subject": inputs{"commonName": "Root CA", "organization": "Weft", "country": nil}}, ""},
		"names":                  {inputs{"dnsNames": nil}, "dnsNames:DELETE_REPLACE"},
		"path length":            {inputs{"maxPathLength": 1}, "maxPathLength:ADD_REPLACE"},
		"key":                    {inputs{"privateKeyPem": keyPEM(t)}, "privateKeyPem:UPDATE_REPLACE"},
		"a key not yet made":     {inputs{"privateKeyPem": unknownString}, "privateKeyPem:UPDATE_REPLACE"},
		"key identifiers":        {inputs{"setSubjectKeyId": true}, "setSubjectKeyId:UPDATE_REPLACE"},
		"not a CA":               {inputs{"isCaCertificate": nil}, "isCaCertificate:UPDATE_REPLACE"},
	} {
		if got := summary(diffOf(t, clocked(started), selfSigned, state, with(ca, c.inputs))); got != c.want {
			t.Errorf("%s: %q, want %q", change, got, c.want)
		}
	}
}

func TestANewKeyMakesEverythingOfItUnknown(t *testing.T) {
	ec := inputs{"algorithm": "ECDSA", "ecdsaCurve": "P256"}
	state := create(t, clocked(started), privateKey, ec)
	found := diffOf(t, clocked(started), privateKey, state, inputs{"algorithm": "ECDSA", "ecdsaCurve": "P521"})
	want := "ecdsaCurve:UPDATE_REPLACE id:UPDATE privateKeyOpenssh:UPDATE privateKeyPem:UPDATE privateKeyPemPkcs8:UPDATE " +
		"publicKeyFingerprintMd5:UPDATE publicKeyFingerprintSha256:UPDATE publicKeyOpenssh:UPDATE publicKeyPem:UPDATE"
	if got := summary(found); got != want {
		t.Error(got)
	}
	if len(found.GetReplaces()) != 1 || found.GetReplaces()[0] != "ecdsaCurve" {
		t.Error(found.GetReplaces())
	}
}

func TestAnUpdateKeepsTheCertificate(t *testing.T) {
	ca := caInputs(t)
	state := create(t, clocked(started), selfSigned, ca)
	olds, err := write(state)
	if err != nil {
		t.Fatal(err)
	}
	for _, preview := range []bool{true, false} {
		updated, err := clocked(started.Add(oneDay)).Update(ctx, &pulumirpc.UpdateRequest{
			Urn: urnOf(selfSigned), Olds: olds, News: wire(t, with(ca, inputs{earlyRenewal: 48})), Preview: preview,
		})
		if err != nil {
			t.Fatal(err)
		}
		after := open(t, updated.GetProperties())
		if number(after, earlyRenewal) != 48 || text(after, "certPem") != text(state, "certPem") || text(after, "id") != text(state, "id") {
			t.Errorf("preview %v: %v", preview, after)
		}
		if _, kept := after["__pulumi_raw_state_delta"]; kept == preview {
			t.Errorf("preview %v: raw state delta %v", preview, kept)
		}
	}
}

func TestAPreviewKnowsTheDefaultsAndNothingElse(t *testing.T) {
	previewed, err := clocked(started).Create(ctx, &pulumirpc.CreateRequest{
		Urn: urnOf(selfSigned), Preview: true,
		Properties: wire(t, with(caInputs(t), inputs{"privateKeyPem": unknownString, "subject": inputs{"commonName": unknownString}})),
	})
	if err != nil {
		t.Fatal(err)
	}
	planned := open(t, previewed.GetProperties())
	for _, key := range []resource.PropertyKey{"certPem", "id", "maxPathLength", "validityEndTime", "keyAlgorithm", "privateKeyPem"} {
		if !planned[key].IsComputed() {
			t.Errorf("%s: %v", key, planned[key])
		}
	}
	if truth(planned, readyToRenew) || truth(planned, "setSubjectKeyId") || !truth(planned, "isCaCertificate") {
		t.Error(planned)
	}
	if previewed.GetId() != "" {
		t.Error(previewed.GetId())
	}
}

func TestAKeyCannotBeImported(t *testing.T) {
	if _, err := clocked(started).Read(ctx, &pulumirpc.ReadRequest{Id: "x", Urn: urnOf(privateKey)}); err == nil {
		t.Error("no error")
	}
}
