package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"golang.org/x/crypto/ssh"
)

// The real provider gave this key these names (recorded).
func TestAPublicKeyIsNamedAsTheRealProviderNamesIt(t *testing.T) {
	const recorded = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPuryVzZ77MpnRfuJZHhBm7WImDB9TD0S52AXIKSORstCO167WX9wDUWrErpWfv7Ambe9EIMLWRf5KKBKZtyqw0=\n"
	parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(recorded))
	if err != nil {
		t.Fatal(err)
	}
	described, err := describePublicKey(parsed.(ssh.CryptoPublicKey).CryptoPublicKey())
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[resource.PropertyKey]string{
		"id":                         "165a6a27e6d6343ea1da8fda21d5eea0514546ff",
		"publicKeyFingerprintMd5":    "5b:92:e7:fd:b7:a0:9c:37:8f:98:09:64:e2:34:e5:60",
		"publicKeyFingerprintSha256": "SHA256:d2PuGzADBHxpS1f3AsPlmAbneTFe1vuACm4AFDoH7TM",
		"publicKeyOpenssh":           recorded,
	} {
		if got := text(described, key); got != want {
			t.Errorf("%s: %s", key, got)
		}
	}
}

func TestEveryAlgorithmGivesOneKeyInEveryEncoding(t *testing.T) {
	for algorithm, c := range map[string]struct {
		inputs inputs
		block  string
		bits   int
	}{
		"RSA":   {inputs{"algorithm": "RSA", "rsaBits": 3072}, "RSA PRIVATE KEY", 3072},
		"ECDSA": {inputs{"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "EC PRIVATE KEY", 256},
	} {
		state := create(t, clocked(started), privateKey, c.inputs)
		key, got, err := parseKey(text(state, "privateKeyPem"))
		if err != nil || got != algorithm || !strings.HasPrefix(text(state, "privateKeyPem"), "-----BEGIN "+c.block+"-----\n") {
			t.Fatalf("%s: %s %v", algorithm, got, err)
		}
		type comparable interface{ Equal(crypto.PrivateKey) bool }
		if other, _, err := parseKey(text(state, "privateKeyPemPkcs8")); err != nil || !key.(comparable).Equal(other) {
			t.Errorf("%s: PKCS#8 holds another key: %v", algorithm, err)
		}
		signer, err := ssh.ParsePrivateKey([]byte(text(state, "privateKeyOpenssh")))
		if err != nil || string(ssh.MarshalAuthorizedKey(signer.PublicKey())) != text(state, "publicKeyOpenssh") {
			t.Errorf("%s: OpenSSH holds another key: %v", algorithm, err)
		}
		switch public := key.Public().(type) {
		case *rsa.PublicKey:
			if public.N.BitLen() != c.bits {
				t.Errorf("%s: %d bits", algorithm, public.N.BitLen())
			}
		case *ecdsa.PublicKey:
			if public.Params().BitSize != c.bits {
				t.Errorf("%s: %d bits", algorithm, public.Params().BitSize)
			}
		}
	}
}
