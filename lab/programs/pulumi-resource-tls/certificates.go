package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var keyUsages = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
	"key_encipherment":   x509.KeyUsageKeyEncipherment,
	"cert_signing":       x509.KeyUsageCertSign,
	"crl_signing":        x509.KeyUsageCRLSign,
}

func subjectName(plan resource.PropertyMap) pkix.Name {
	if !plan["subject"].IsObject() {
		return pkix.Name{}
	}
	fields := plan["subject"].ObjectValue()
	list := func(key resource.PropertyKey) []string {
		if !given(fields, key) {
			return nil
		}
		return []string{text(fields, key)}
	}
	return pkix.Name{CommonName: text(fields, "commonName"), Locality: list("locality"), Organization: list("organization")}
}

func createCertRequest(plan resource.PropertyMap, _ time.Time) (resource.PropertyMap, error) {
	key, algorithm, err := parseKey(text(plan, "privateKeyPem"))
	if err != nil {
		return nil, fmt.Errorf("Failed to parse private key PEM: %w", err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: subjectName(plan), DNSNames: texts(plan, "dnsNames"),
	}, key)
	if err != nil {
		return nil, fmt.Errorf("Error creating certificate request: %w", err)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"id":             fingerprint(der),
		"keyAlgorithm":   algorithm,
		"certRequestPem": encodePEM(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
	}), nil
}

func createSelfSigned(plan resource.PropertyMap, now time.Time) (resource.PropertyMap, error) {
	key, algorithm, err := parseKey(text(plan, "privateKeyPem"))
	if err != nil {
		return nil, fmt.Errorf("Failed to parse private key PEM: %w", err)
	}
	template := &x509.Certificate{Subject: subjectName(plan), DNSNames: texts(plan, "dnsNames")}
	outputs, err := issue(plan, now, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	outputs["keyAlgorithm"] = resource.NewStringProperty(algorithm)
	return outputs, nil
}

func createLocallySigned(plan resource.PropertyMap, now time.Time) (resource.PropertyMap, error) {
	request, err := parsePEM(text(plan, "certRequestPem"), "CERTIFICATE REQUEST", x509.ParseCertificateRequest)
	if err != nil {
		return nil, fmt.Errorf("Failed to parse certificate request PEM: %w", err)
	}
	caKey, algorithm, err := parseKey(text(plan, "caPrivateKeyPem"))
	if err != nil {
		return nil, fmt.Errorf("Failed to parse CA private key PEM: %w", err)
	}
	ca, err := parsePEM(text(plan, "caCertPem"), "CERTIFICATE", x509.ParseCertificate)
	if err != nil {
		return nil, fmt.Errorf("Failed to parse CA certificate PEM: %w", err)
	}
	template := &x509.Certificate{Subject: request.Subject, DNSNames: request.DNSNames}
	outputs, err := issue(plan, now, template, ca, request.PublicKey, caKey)
	if err != nil {
		return nil, err
	}
	outputs["caKeyAlgorithm"] = resource.NewStringProperty(algorithm)
	return outputs, nil
}

// issue completes the template from the plan and signs it.
func issue(
	plan resource.PropertyMap, now time.Time, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer,
) (resource.PropertyMap, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 128))
	if err != nil {
		return nil, fmt.Errorf("Failed to generate serial number: %w", err)
	}
	template.SerialNumber = serial
	template.NotBefore = now
	template.NotAfter = now.Add(time.Duration(number(plan, "validityPeriodHours")) * time.Hour)
	template.BasicConstraintsValid = true
	for _, use := range texts(plan, "allowedUses") {
		template.KeyUsage |= keyUsages[use]
	}
	template.IsCA = truth(plan, "isCaCertificate")
	if template.IsCA || truth(plan, "setSubjectKeyId") {
		if template.SubjectKeyId, err = subjectKeyID(public); err != nil {
			return nil, fmt.Errorf("Failed to generate subject key identifier: %w", err)
		}
	}
	// As in the real provider, 0 sets no limit: it never sets MaxPathLenZero, without which crypto/x509 reads 0 as unset.
	template.MaxPathLen = int(max(number(plan, "maxPathLength"), 0))

	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		return nil, fmt.Errorf("Failed to create certificate: %w", err)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"id":                serial.String(),
		"certPem":           encodePEM(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		"validityStartTime": template.NotBefore.Format(time.RFC3339Nano),
		"validityEndTime":   template.NotAfter.Format(time.RFC3339Nano),
	}), nil
}

// subjectKeyID is the SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1).
func subjectKeyID(public crypto.PublicKey) ([]byte, error) {
	var bits []byte
	var err error
	switch public := public.(type) {
	case *rsa.PublicKey:
		bits, err = asn1.Marshal(*public)
	case *ecdsa.PublicKey:
		bits, err = public.Bytes()
	default:
		err = fmt.Errorf("neither RSA nor ECDSA: %T", public)
	}
	sum := sha1.Sum(bits)
	return sum[:], err
}

func parsePEM[T any](encoded, blockType string, parse func([]byte) (T, error)) (parsed T, err error) {
	block, _ := pem.Decode([]byte(encoded))
	if block == nil {
		return parsed, fmt.Errorf("failed to decode PEM of expected type %q from bytes", blockType)
	}
	if block.Type != blockType {
		return parsed, fmt.Errorf("invalid PEM type - expected %q, got %q", blockType, block.Type)
	}
	if parsed, err = parse(block.Bytes); err != nil {
		return parsed, fmt.Errorf("failed to parse %s: %w", strings.ToLower(blockType), err)
	}
	return parsed, nil
}
