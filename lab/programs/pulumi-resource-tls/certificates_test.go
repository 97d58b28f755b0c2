package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func certificateOf(t *testing.T, state resource.PropertyMap) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode([]byte(text(state, "certPem")))
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %v", state["certPem"])
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// authority is a CA: its certificate and the inputs that hold its key.
type authority struct {
	state resource.PropertyMap
	key   string
}

func (a authority) sign(t *testing.T, changes inputs, request inputs) authority {
	t.Helper()
	key := keyPEM(t)
	csr := create(t, clocked(started), certRequest, with(inputs{"privateKeyPem": key}, request))
	return authority{key: key, state: create(t, clocked(started), locallySigned, with(inputs{
		"caCertPem": text(a.state, "certPem"), "caPrivateKeyPem": a.key, "certRequestPem": text(csr, "certRequestPem"),
		validityPeriod: 24, "allowedUses": []any{"cert_signing", "crl_signing"}, "isCaCertificate": true,
	}, changes))}
}

func (a authority) verify(t *testing.T, leaf authority, intermediates ...authority) error {
	t.Helper()
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(certificateOf(t, a.state))
	for _, i := range intermediates {
		between.AddCert(certificateOf(t, i.state))
	}
	_, err := certificateOf(t, leaf.state).Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: started, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err
}

func rootWith(t *testing.T, changes inputs) authority {
	t.Helper()
	ca := with(caInputs(t), changes)
	return authority{key: ca["privateKeyPem"].(string), state: create(t, clocked(started), selfSigned, ca)}
}

var (
	ofMember = inputs{"subject": inputs{"commonName": "Intermediate CA", "organization": "Weft", "locality": "c1"}}
	ofLeaf   = inputs{"dnsNames": []any{"a.example"}}
	asLeaf   = inputs{"isCaCertificate": false, "allowedUses": []any{"digital_signature", "key_encipherment"}}
)

func TestAChainOfRootIntermediateAndLeafVerifies(t *testing.T) {
	root := rootWith(t, nil)
	intermediate := root.sign(t, nil, ofMember)
	leaf := intermediate.sign(t, asLeaf, ofLeaf)
	if err := root.verify(t, leaf, intermediate); err != nil {
		t.Error(err)
	}
	if err := rootWith(t, nil).verify(t, leaf, intermediate); err == nil {
		t.Error("verifies under another root")
	}

	certificate, issuer := certificateOf(t, leaf.state), certificateOf(t, intermediate.state)
	if certificate.DNSNames[0] != "a.example" {
		t.Error(certificate.DNSNames)
	}
	if certificate.KeyUsage != x509.KeyUsageDigitalSignature|x509.KeyUsageKeyEncipherment || certificate.IsCA {
		t.Error(certificate.KeyUsage, certificate.IsCA)
	}
	if got := issuer.Subject.String(); got != "CN=Intermediate CA,O=Weft,L=c1" {
		t.Error(got)
	}
	if !bytes.Equal(certificate.AuthorityKeyId, issuer.SubjectKeyId) || len(issuer.SubjectKeyId) != 20 {
		t.Error(certificate.AuthorityKeyId, issuer.SubjectKeyId)
	}
	if text(leaf.state, "id") != certificate.SerialNumber.String() || text(leaf.state, "caKeyAlgorithm") != "ECDSA" {
		t.Error(leaf.state)
	}
}

func TestTheStateTellsTheValidityToTheNanosecondAndTheCertificateToTheSecond(t *testing.T) {
	root := rootWith(t, nil)
	if from, to := text(root.state, "validityStartTime"), text(root.state, "validityEndTime"); from != "2026-01-02T03:04:05.678901234Z" || to != "2026-02-01T03:04:05.678901234Z" {
		t.Error(from, to)
	}
	certificate := certificateOf(t, root.state)
	if got := certificate.NotAfter.Sub(certificate.NotBefore); got != 30*oneDay {
		t.Error(got)
	}
}

func TestAPathLengthOfOneAllowsOneIntermediate(t *testing.T) {
	root := rootWith(t, inputs{"maxPathLength": 1})
	first := root.sign(t, nil, ofMember)
	second := first.sign(t, nil, ofMember)
	if err := root.verify(t, first.sign(t, asLeaf, ofLeaf), first); err != nil {
		t.Error(err)
	}
	if err := root.verify(t, second.sign(t, asLeaf, ofLeaf), first, second); err == nil {
		t.Error("two intermediates under a path length of one")
	}
}

func TestAPathLengthOfZeroSetsNoLimitAsInTheRealProvider(t *testing.T) {
	for _, length := range []any{nil, -1, 0} {
		if certificate := certificateOf(t, rootWith(t, inputs{"maxPathLength": length}).state); certificate.MaxPathLen != -1 {
			t.Errorf("%v: %d", length, certificate.MaxPathLen)
		}
	}
}

func TestKeyIdentifiersAreThereOnRequest(t *testing.T) {
	notCA := inputs{"isCaCertificate": false}
	if certificate := certificateOf(t, rootWith(t, notCA).state); certificate.SubjectKeyId != nil {
		t.Error(certificate.SubjectKeyId)
	}
	asked := with(notCA, inputs{"setSubjectKeyId": true})
	if certificate := certificateOf(t, rootWith(t, asked).state); len(certificate.SubjectKeyId) != 20 {
		t.Error(certificate.SubjectKeyId)
	}
}

func TestACAIsNamedByTheSHA1OfItsKey(t *testing.T) {
	certificate := certificateOf(t, rootWith(t, nil).state)
	bits, err := certificate.PublicKey.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if want := sha1.Sum(bits); !bytes.Equal(certificate.SubjectKeyId, want[:]) {
		t.Errorf("%x, want %x", certificate.SubjectKeyId, want)
	}
}

func TestWhatCannotBeIssuedSaysWhy(t *testing.T) {
	root := rootWith(t, nil)
	signable := func(changes inputs) inputs {
		key := keyPEM(t)
		csr := create(t, clocked(started), certRequest, inputs{"privateKeyPem": key})
		return with(inputs{
			"caCertPem": text(root.state, "certPem"), "caPrivateKeyPem": root.key, "certRequestPem": text(csr, "certRequestPem"),
			validityPeriod: 24, "allowedUses": []any{},
		}, changes)
	}
	broken := "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"
	for name, c := range map[string]struct {
		token  string
		inputs inputs
		want   string
	}{
		"a key that is no PEM": {certRequest, inputs{"privateKeyPem": "not a key"},
			"Failed to parse private key PEM: failed to decode PEM block: decoded bytes 0, undecoded 9"},
		"a certificate as a key": {certRequest, inputs{"privateKeyPem": text(root.state, "certPem")},
			"Failed to parse private key PEM: unsupported PEM preamble/type: CERTIFICATE"},
		"another curve": {privateKey, inputs{"algorithm": "ECDSA"},
			"Unable to generate Key from configuration: the lab's double of the tls provider has no curve P224, but P256"},
		"a broken key": {selfSigned, with(caInputs(t), inputs{"privateKeyPem": broken}),
			"Failed to parse private key PEM: failed to parse private key given PEM preamble 'EC PRIVATE KEY'"},
		"a request that is no PEM": {locallySigned, signable(inputs{"certRequestPem": "x"}),
			`Failed to parse certificate request PEM: failed to decode PEM of expected type "CERTIFICATE REQUEST" from bytes`},
		"a certificate as a request": {locallySigned, signable(inputs{"certRequestPem": text(root.state, "certPem")}),
			`Failed to parse certificate request PEM: invalid PEM type - expected "CERTIFICATE REQUEST", got "CERTIFICATE"`},
		"a CA that is no PEM": {locallySigned, signable(inputs{"caCertPem": ""}),
			`Failed to parse CA certificate PEM: failed to decode PEM of expected type "CERTIFICATE" from bytes`},
		"the key of another CA": {locallySigned, signable(inputs{"caPrivateKeyPem": keyPEM(t)}),
			"Failed to create certificate: x509: provided PrivateKey doesn't match parent's PublicKey"},
	} {
		_, err := clocked(started).Create(ctx, &pulumirpc.CreateRequest{Urn: urnOf(c.token), Properties: wire(t, c.inputs)})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "BEGIN") {
			t.Errorf("%s: the error shows a PEM", name)
		}
	}
}
