package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	privateKey     = "tls:index/privateKey:PrivateKey"
	certRequest    = "tls:index/certRequest:CertRequest"
	selfSigned     = "tls:index/selfSignedCert:SelfSignedCert"
	locallySigned  = "tls:index/locallySignedCert:LocallySignedCert"
	oneDay         = 24 * time.Hour
	unknownString  = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	earlyRenewal   = "earlyRenewalHours"
	readyToRenew   = "readyForRenewal"
	validityPeriod = "validityPeriodHours"
)

var (
	ctx     = context.Background()
	started = time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)
)

// inputs are what a program passes.
type inputs = map[string]any

// clocked is a provider at a given time.
func clocked(now time.Time) *double {
	return &double{now: func() time.Time { return now }}
}

func urnOf(token string) string { return "urn:pulumi:dev::test::" + token + "::it" }

func wire(t *testing.T, properties inputs) *structpb.Struct {
	t.Helper()
	s, err := structpb.NewStruct(properties)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// open reads an answer as the engine does that keeps no secrets: the values behind the marks.
func open(t *testing.T, properties *structpb.Struct) resource.PropertyMap {
	t.Helper()
	read, err := read(properties)
	if err != nil {
		t.Fatal(err)
	}
	for key, v := range read {
		if v.IsSecret() {
			read[key] = v.SecretValue().Element
		}
	}
	return read
}

func create(t *testing.T, p *double, token string, with inputs) resource.PropertyMap {
	t.Helper()
	created, err := p.Create(ctx, &pulumirpc.CreateRequest{Urn: urnOf(token), Properties: wire(t, with)})
	if err != nil {
		t.Fatal(err)
	}
	return open(t, created.GetProperties())
}

func diffOf(t *testing.T, p *double, token string, state resource.PropertyMap, with inputs) *pulumirpc.DiffResponse {
	t.Helper()
	olds, err := write(state)
	if err != nil {
		t.Fatal(err)
	}
	found, err := p.Diff(ctx, &pulumirpc.DiffRequest{Urn: urnOf(token), Olds: olds, News: wire(t, with)})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// summary writes a diff as `path:kind` words, sorted by path.
func summary(found *pulumirpc.DiffResponse) string {
	var words []string
	for path, change := range found.GetDetailedDiff() {
		words = append(words, path+":"+change.GetKind().String())
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

func with(base inputs, changes inputs) inputs {
	changed := maps.Clone(base)
	for key, v := range changes {
		if v == nil {
			delete(changed, key)
		} else {
			changed[key] = v
		}
	}
	return changed
}

func keyPEM(t *testing.T) string {
	t.Helper()
	return text(create(t, clocked(started), privateKey, inputs{"algorithm": "ECDSA", "ecdsaCurve": "P256"}), "privateKeyPem")
}

func caInputs(t *testing.T) inputs {
	return inputs{
		"privateKeyPem": keyPEM(t),
		"subject":       inputs{"commonName": "Root CA", "organization": "Weft"},
		validityPeriod:  30 * 24,
		earlyRenewal:    10 * 24,
		"allowedUses":   []any{"cert_signing", "crl_signing"},

		"isCaCertificate": true,
	}
}
