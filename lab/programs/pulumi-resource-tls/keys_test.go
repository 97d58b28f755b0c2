package main

import (
	"crypto"
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
	for key, want := range map[string]string{
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
	for name, c := range map[string]struct {
		inputs           inputs
		algorithm, block string
		openSSH          bool
	}{
		"RSA":     {inputs{"algorithm": "RSA"}, "RSA", "RSA PRIVATE KEY", true},
		"ED25519": {inputs{"algorithm": "ED25519"}, "ED25519", "PRIVATE KEY", true},
		"ECDSA":   {inputs{"algorithm": "ECDSA"}, "ECDSA", "EC PRIVATE KEY", false},
		"P224":    {inputs{"algorithm": "ECDSA", "ecdsaCurve": "P224"}, "ECDSA", "EC PRIVATE KEY", false},
		"P256":    {inputs{"algorithm": "ECDSA", "ecdsaCurve": "P256"}, "ECDSA", "EC PRIVATE KEY", true},
		"P384":    {inputs{"algorithm": "ECDSA", "ecdsaCurve": "P384"}, "ECDSA", "EC PRIVATE KEY", true},
		"P521":    {inputs{"algorithm": "ECDSA", "ecdsaCurve": "P521"}, "ECDSA", "EC PRIVATE KEY", true},
	} {
		state := create(t, clocked(started), privateKey, c.inputs)
		key, algorithm, err := parseKey(text(state, "privateKeyPem"))
		if err != nil || algorithm != c.algorithm || !strings.HasPrefix(text(state, "privateKeyPem"), "-----BEGIN "+c.block+"-----\n") {
			t.Fatalf("%s: %s %v", name, algorithm, err)
		}
		type comparable interface{ Equal(crypto.PrivateKey) bool }
		if other, _, err := parseKey(text(state, "privateKeyPemPkcs8")); err != nil || !key.(comparable).Equal(other) {
			t.Errorf("%s: PKCS#8 holds another key: %v", name, err)
		}
		if !c.openSSH {
			for _, empty := range []string{"privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"} {
				if !state[resource.PropertyKey(empty)].IsString() || text(state, empty) != "" {
					t.Errorf("%s: %s: %v", name, empty, state[resource.PropertyKey(empty)])
				}
			}
			continue
		}
		signer, err := ssh.ParsePrivateKey([]byte(text(state, "privateKeyOpenssh")))
		if err != nil || string(ssh.MarshalAuthorizedKey(signer.PublicKey())) != text(state, "publicKeyOpenssh") {
			t.Errorf("%s: OpenSSH holds another key: %v", name, err)
		}
	}
}

func TestAnRSAKeyHasTheBitsAskedFor(t *testing.T) {
	for bits, with := range map[int]inputs{2048: {"algorithm": "RSA"}, 3072: {"algorithm": "RSA", "rsaBits": 3072}} {
		key, _, err := parseKey(text(create(t, clocked(started), privateKey, with), "privateKeyPem"))
		if err != nil {
			t.Fatal(err)
		}
		if got := key.Public().(interface{ Size() int }).Size() * 8; got != bits {
			t.Errorf("%d bits: %d", bits, got)
		}
	}
}
