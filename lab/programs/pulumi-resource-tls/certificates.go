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
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

var keyUsages = map[string]x509.KeyUsage{
	"digital_signature":  x509.KeyUsageDigitalSignature,
	"content_commitment": x509.KeyUsageContentCommitment,
	"key_encipherment":   x509.KeyUsageKeyEncipherment,
	"data_encipherment":  x509.KeyUsageDataEncipherment,
	"key_agreement":      x509.KeyUsageKeyAgreement,
	"cert_signing":       x509.KeyUsageCertSign,
	"crl_signing":        x509.KeyUsageCRLSign,
	"encipher_only":      x509.KeyUsageEncipherOnly,
	"decipher_only":      x509.KeyUsageDecipherOnly,
}

var extendedKeyUsages = map[string]x509.ExtKeyUsage{
	"any_extended":                      x509.ExtKeyUsageAny,
	"server_auth":                       x509.ExtKeyUsageServerAuth,
	"client_auth":                       x509.ExtKeyUsageClientAuth,
	"code_signing":                      x509.ExtKeyUsageCodeSigning,
	"email_protection":                  x509.ExtKeyUsageEmailProtection,
	"ipsec_end_system":                  x509.ExtKeyUsageIPSECEndSystem,
	"ipsec_tunnel":                      x509.ExtKeyUsageIPSECTunnel,
	"ipsec_user":                        x509.ExtKeyUsageIPSECUser,
	"timestamping":                      x509.ExtKeyUsageTimeStamping,
	"ocsp_signing":                      x509.ExtKeyUsageOCSPSigning,
	"microsoft_server_gated_crypto":     x509.ExtKeyUsageMicrosoftServerGatedCrypto,
	"netscape_server_gated_crypto":      x509.ExtKeyUsageNetscapeServerGatedCrypto,
	"microsoft_commercial_code_signing": x509.ExtKeyUsageMicrosoftCommercialCodeSigning,
	"microsoft_kernel_code_signing":     x509.ExtKeyUsageMicrosoftKernelCodeSigning,
}

// uses are the allowed uses, sorted.
func uses() []string {
	all := append(slices.Collect(maps.Keys(keyUsages)), slices.Collect(maps.Keys(extendedKeyUsages))...)
	slices.Sort(all)
	return all
}

func createCertRequest(plan resource.PropertyMap, _ time.Time) (resource.PropertyMap, []string, error) {
	key, algorithm, err := parseKey(text(plan, "privateKeyPem"))
	if err != nil {
		return nil, nil, fmt.Errorf("Failed to parse private key PEM: %w", err)
	}
	names, err := alternativeNames(plan)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject: subjectName(plan), DNSNames: names.dns, IPAddresses: names.ip, URIs: names.uri,
	}, key)
	if err != nil {
		return nil, nil, fmt.Errorf("Error creating certificate request: %w", err)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"id":             fingerprint(der),
		"keyAlgorithm":   algorithm,
		"certRequestPem": encodePEM(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}),
	}), nil, nil
}

func createSelfSigned(plan resource.PropertyMap, now time.Time) (resource.PropertyMap, []string, error) {
	key, algorithm, err := parseKey(text(plan, "privateKeyPem"))
	if err != nil {
		return nil, nil, fmt.Errorf("Failed to parse private key PEM: %w", err)
	}
	names, err := alternativeNames(plan)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		Subject: subjectName(plan), DNSNames: names.dns, IPAddresses: names.ip, URIs: names.uri,
	}
	outputs, err := issue(plan, now, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	outputs["keyAlgorithm"] = resource.NewStringProperty(algorithm)
	return outputs, nil, nil
}

func createLocallySigned(plan resource.PropertyMap, now time.Time) (resource.PropertyMap, []string, error) {
	request, err := parsePEM(text(plan, "certRequestPem"), "CERTIFICATE REQUEST", x509.ParseCertificateRequest)
	if err != nil {
		return nil, nil, fmt.Errorf("Failed to parse certificate request PEM: %w", err)
	}
	caKey, algorithm, err := parseKey(text(plan, "caPrivateKeyPem"))
	if err != nil {
		return nil, nil, fmt.Errorf("Failed to parse CA private key PEM: %w", err)
	}
	ca, err := parsePEM(text(plan, "caCertPem"), "CERTIFICATE", x509.ParseCertificate)
	if err != nil {
		return nil, nil, fmt.Errorf("Failed to parse CA certificate PEM: %w", err)
	}
	var warnings []string
	if !ca.IsCA {
		warnings = append(warnings, "Potentially Invalid Certificate Authority: caCertPem is not the certificate of a "+
			"Certificate Authority. The resulting certificate might fail certificate validation.")
	}
	template := &x509.Certificate{
		Subject: request.Subject, DNSNames: request.DNSNames, IPAddresses: request.IPAddresses, URIs: request.URIs,
	}
	outputs, err := issue(plan, now, template, ca, request.PublicKey, caKey)
	if err != nil {
		return nil, nil, err
	}
	outputs["caKeyAlgorithm"] = resource.NewStringProperty(algorithm)
	return outputs, warnings, nil
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
		if extended, ok := extendedKeyUsages[use]; ok {
			template.ExtKeyUsage = append(template.ExtKeyUsage, extended)
		}
	}
	template.IsCA = truth(plan, "isCaCertificate")
	if template.IsCA && reflect.DeepEqual(template.Subject, pkix.Name{}) {
		// RFC 5280, 4.1.2.6
		return nil, errors.New("Invalid Certificate Subject: " +
			"Must contain at least one Distinguished Name when creating Certificate Authority (CA)")
	}
	if template.IsCA || truth(plan, "setSubjectKeyId") {
		if template.SubjectKeyId, err = subjectKeyID(public); err != nil {
			return nil, fmt.Errorf("Failed to generate subject key identifier: %w", err)
		}
	}
	// As in the real provider, 0 sets no limit: it never sets MaxPathLenZero, without which crypto/x509 reads 0 as unset.
	template.MaxPathLen = int(max(number(plan, "maxPathLength"), 0))
	if truth(plan, "setAuthorityKeyId") {
		if len(parent.SubjectKeyId) == 0 {
			return nil, errors.New("Invalid Certificate Authority: Could not determine Authority Key Identifier")
		}
		template.AuthorityKeyId = parent.SubjectKeyId
	}

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
	default: // ed25519; x509 parses no other key
		bits, err = asn1.Marshal(public)
	}
	sum := sha1.Sum(bits)
	return sum[:], err
}

type alternatives struct {
	dns []string
	ip  []net.IP
	uri []*url.URL
}

func alternativeNames(plan resource.PropertyMap) (alternatives, error) {
	names := alternatives{dns: texts(plan, "dnsNames")}
	for _, address := range texts(plan, "ipAddresses") {
		ip := net.ParseIP(address)
		if ip == nil {
			return names, fmt.Errorf("Invalid IP address: Failed to parse %q", address)
		}
		names.ip = append(names.ip, ip)
	}
	for _, uri := range texts(plan, "uris") {
		parsed, err := url.Parse(uri)
		if err != nil {
			return names, fmt.Errorf("Invalid URI: Failed to parse %q: %w", uri, err)
		}
		names.uri = append(names.uri, parsed)
	}
	return names, nil
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
