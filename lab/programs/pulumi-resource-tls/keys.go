package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"
)

func createPrivateKey(plan resource.PropertyMap, _ time.Time) (resource.PropertyMap, error) {
	key, err := generateKey(plan)
	if err != nil {
		return nil, fmt.Errorf("Unable to generate Key from configuration: %w", err)
	}
	return describeKey(key)
}

func generateKey(plan resource.PropertyMap) (crypto.Signer, error) {
	if text(plan, "algorithm") == "RSA" {
		return rsa.GenerateKey(rand.Reader, int(number(plan, "rsaBits")))
	}
	if curve := text(plan, "ecdsaCurve"); curve != "P256" {
		return nil, fmt.Errorf("the lab's double of the tls provider has no curve %s, but P256", curve)
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

// describeKey gives all encodings of a key.
func describeKey(key crypto.Signer) (resource.PropertyMap, error) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("Unable to encode private key to PKCS#8 PEM: %w", err)
	}
	traditional := &pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		traditional = &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	case *ecdsa.PrivateKey:
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("Unable to encode key to PEM: %w", err)
		}
		traditional = &pem.Block{Type: "EC PRIVATE KEY", Bytes: der}
	}

	outputs, err := describePublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	openSSH, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		return nil, fmt.Errorf("Unable to marshal private key into OpenSSH format: %w", err)
	}
	outputs["privateKeyPem"] = resource.NewStringProperty(encodePEM(traditional))
	outputs["privateKeyPemPkcs8"] = resource.NewStringProperty(encodePEM(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}))
	outputs["privateKeyOpenssh"] = resource.NewStringProperty(encodePEM(openSSH))
	return outputs, nil
}

func describePublicKey(key crypto.PublicKey) (resource.PropertyMap, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("Failed to marshal public key: %w", err)
	}
	public, err := ssh.NewPublicKey(key)
	if err != nil {
		return nil, fmt.Errorf("Failed to marshal public key: %w", err)
	}
	return resource.NewPropertyMapFromMap(map[string]any{
		"id":                         fingerprint(der),
		"publicKeyPem":               encodePEM(&pem.Block{Type: "PUBLIC KEY", Bytes: der}),
		"publicKeyOpenssh":           string(ssh.MarshalAuthorizedKey(public)),
		"publicKeyFingerprintMd5":    ssh.FingerprintLegacyMD5(public),
		"publicKeyFingerprintSha256": ssh.FingerprintSHA256(public),
	}), nil
}

// parseKey reads a private key in PEM and names its algorithm.
func parseKey(encoded string) (crypto.Signer, string, error) {
	block, rest := pem.Decode([]byte(encoded))
	if block == nil {
		return nil, "", fmt.Errorf("failed to decode PEM block: decoded bytes %d, undecoded %d", len(encoded)-len(rest), len(rest))
	}
	var key any
	var err error
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		key, err = x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	default:
		return nil, "", fmt.Errorf("unsupported PEM preamble/type: %s", block.Type)
	}
	if err != nil {
		return nil, "", fmt.Errorf("failed to parse private key given PEM preamble '%s': %w", block.Type, err)
	}
	switch key := key.(type) {
	case *rsa.PrivateKey:
		return key, "RSA", nil
	case *ecdsa.PrivateKey:
		return key, "ECDSA", nil
	default:
		return nil, "", fmt.Errorf("failed to determine key algorithm for private key of type %T: unsupported private key type: %[1]T", key)
	}
}

func encodePEM(block *pem.Block) string { return string(pem.EncodeToMemory(block)) }

// fingerprint is the ID of what has no serial number.
func fingerprint(der []byte) string {
	sum := sha1.Sum([]byte(strings.TrimSpace(string(der))))
	return hex.EncodeToString(sum[:])
}
