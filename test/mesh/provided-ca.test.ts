import "reflect-metadata";
import { generateKeyPairSync } from "node:crypto";
import { ExtendedKeyUsage, PemConverter } from "@peculiar/x509";
import { fingerprints } from "../../mesh/certificates";
import { intermediateProblemsOf, rootProblemsOf } from "../../mesh/provided-ca";
import { authority, now, type Authority } from "./authorities";

const anotherPem = "Export it again: `openssl x509 -in <file>` prints what is expected.";
const reissue = "Have it issued again under the same key, or rotate. See docs/trust.md.";

const place = { path: "weft:mesh.trust.root", now };
const at = (key: string) => `${place.path}.${key}`;

/** A root on a curve that Node's WebCrypto does not have; valid from 2026-11-21. */
const koblitz = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR6gAwIBAgIUVc6FBUmYJHEoSNvjOzpvyMq9GU0wCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHS29ibGl0ejAgFw0yNjExMjExODAzMjRaGA8yMTI2MTAyODE4
MDMyNFowEjEQMA4GA1UEAwwHS29ibGl0ejBWMBAGByqGSM49AgEGBSuBBAAKA0IA
BDMVqNWAlLB7zH9BHUZAe48h5kpxnUmNpQDGqKCUHe2SDrHy6GJSzkn0Dk8Wxwp2
EgWHo6kcge1WW3I8rE0WEmWjUzBRMB0GA1UdDgQWBBSEsqV+CSjxBcFpeVuRFdzq
5J45KjAfBgNVHSMEGDAWgBSEsqV+CSjxBcFpeVuRFdzq5J45KjAPBgNVHRMBAf8E
BTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDLdRmlWh1LWdOJn4MX8H3jkfGYXOvf
nuIxF2RRhXVGeAIhALHP7OA2ErYOlcqzeMJDBKusbp6kyts0zz0Cxoom8bII
-----END CERTIFICATE-----
`;

describe("a provided root", () => {
  let root: Authority;
  beforeAll(async () => {
    root = await authority("Root");
  });

  it("is right with and without its key", () => {
    expect(rootProblemsOf(root, true, place)).toEqual([]);
    expect(rootProblemsOf({ certificate: root.certificate }, false, place)).toEqual([]);
  });

  it("must be a certificate", () => {
    const certificate = "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydGlmaWNhdGU=\n-----END CERTIFICATE-----\n";
    expect(rootProblemsOf({ certificate }, true, place)).toEqual([
      { path: at("certificate"), message: "Not a certificate: the PEM cannot be read.", remedy: anotherPem },
    ]);
  });

  it("is one certificate, not a bundle", () => {
    const certificate = `${root.certificate}\n${root.certificate}\n`;
    expect(rootProblemsOf({ certificate }, true, place)).toEqual([
      {
        path: at("certificate"),
        message: "Expected one certificate, found 2.",
        remedy: "Keep the one whose key stands beside it; of a root, the self-signed one.",
      },
    ]);
  });

  it("holds no key beside the certificate, which everybody may read", () => {
    const certificate = `${root.certificate}\n${root.key}\n`;
    const problem = {
      path: at("certificate"),
      message: "Holds a private key as well, and what stands here is published to all workloads.",
      remedy: "Keep the CERTIFICATE block alone. A key stands under `key`, as a secret.",
    };
    expect(rootProblemsOf({ certificate }, true, place)).toEqual([problem]);
    expect(rootProblemsOf({ certificate, key: root.key }, true, place)).toEqual([problem]);
  });

  it("must have begun and not have expired", async () => {
    const past = await authority("Past", { to: "2026-05-31" });
    const future = await authority("Future", { from: "2026-06-02" });
    expect(rootProblemsOf(past, true, place)).toEqual([
      { path: at("certificate"), value: "CN=Past", message: "Expired on 2026-05-31.", remedy: reissue },
    ]);
    expect(rootProblemsOf(future, true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Future",
        message: "Not valid before 2026-06-02.",
        remedy: "Use it from that day on, or set this machine's clock.",
      },
    ]);
  });

  it("must be a CA", async () => {
    expect(rootProblemsOf(await authority("Leaf", { ca: false }), true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Leaf",
        message: "Not a CA: it may not sign certificates.",
        remedy: "Use a certificate with `CA:TRUE` in its basic constraints.",
      },
    ]);
  });

  it("must be self-signed", async () => {
    expect(rootProblemsOf(await authority("Sub", { issuer: root }), true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Sub",
        message: "Not a root: it is not signed by its own key.",
        remedy: "Give the self-signed certificate at the end of the chain.",
      },
    ]);
  });

  it("must have a key that proxies can verify", async () => {
    expect(rootProblemsOf(await authority("Edwards", { algorithm: "Ed25519" }), true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Edwards",
        message: "Its key is of type ed25519, which Istio's proxies do not accept.",
        remedy: "Use an RSA key, or an ECDSA key on P-256, P-384 or P-521.",
      },
    ]);
    expect(
      rootProblemsOf({ certificate: koblitz }, false, { ...place, now: new Date("2027-01-01") }),
    ).toEqual([
      expect.objectContaining({
        message: "Its key is of type secp256k1, which Istio's proxies do not accept.",
      }),
    ]);
  });

  it("is for servers and clients where it says what it is for", async () => {
    const { serverAuth, clientAuth } = ExtendedKeyUsage;
    const both = await authority("Both", { usages: [serverAuth, clientAuth] });
    const mail = await authority("Mail", { usages: [ExtendedKeyUsage.emailProtection, serverAuth] });
    expect(rootProblemsOf(both, true, place)).toEqual([]);
    expect(rootProblemsOf(mail, true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Mail",
        message: "Its extended key usage leaves out clientAuth, so proxies refuse every workload below it.",
        remedy: "Use a CA without an extended key usage, or with both serverAuth and clientAuth.",
      },
    ]);
  });

  it("has no negative serial number", async () => {
    const serial = [0x02, 0x04, 0x7a, 0x11, 0x22, 0x33];
    const { certificate } = await authority("Serial", { serialNumber: "7a112233" });
    const der = Buffer.from(PemConverter.decodeFirst(certificate));
    const at0 = der.indexOf(Buffer.from(serial));
    expect(at0).toBeGreaterThan(0);
    der[at0 + 2] = 0xfa;
    const negative = PemConverter.encode(der, "CERTIFICATE");
    expect(rootProblemsOf({ certificate }, false, place)).toEqual([]);
    expect(rootProblemsOf({ certificate: negative }, false, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Serial",
        message: "Its serial number is negative, which istiod does not accept.",
        remedy: "Have it issued again with a positive one; for a root, under the same key.",
      },
    ]);
  });

  it("leaves room for an intermediate where it signs one", async () => {
    const tight = await authority("Tight", { pathLength: 0 });
    expect(rootProblemsOf(tight, false, place)).toEqual([]);
    expect(rootProblemsOf(await authority("Roomy", { pathLength: 1 }), true, place)).toEqual([]);
    expect(rootProblemsOf(tight, true, place)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Tight",
        message: "Its path length 0 leaves no room for the intermediate below it.",
        remedy: "Use a CA with a path length of 1 or more, or without one.",
      },
    ]);
  });

  it("comes with its own key, readable and not encrypted", async () => {
    const other = await authority("Other");
    const encrypted = generateKeyPairSync("ec", {
      namedCurve: "P-256",
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "hush" },
    }).privateKey;
    const garbled = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0IG1hdGVyaWFs\n-----END PRIVATE KEY-----\n";
    const problem = (key: string) => rootProblemsOf({ certificate: root.certificate, key }, true, place);
    expect(problem(other.key)).toEqual([
      {
        path: at("key"),
        value: "(secret)",
        message: "Not the key of the certificate CN=Root.",
        remedy: "Give the key that the certificate was requested with, or the certificate of this key.",
      },
    ]);
    expect(problem(encrypted)).toEqual([
      {
        path: at("key"),
        value: "(secret)",
        message: "The key is encrypted, and istiod cannot ask for its passphrase.",
        remedy: "Give what `openssl pkey -in <file>` prints; `--secret` encrypts it again.",
      },
    ]);
    expect(problem(garbled)).toEqual([
      {
        path: at("key"),
        value: "(secret)",
        message: "Not a private key: the PEM cannot be read.",
        remedy: "Export it again: `openssl pkey -in <file>` prints what is expected.",
      },
    ]);
  });

  it("takes keys in the older PEM forms too", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const key = privateKey.export({ type: "sec1", format: "pem" }) as string;
    expect(rootProblemsOf({ certificate: root.certificate, key }, true, place)[0]!.message).toBe(
      "Not the key of the certificate CN=Root.",
    );
  });
});

describe("a provided intermediate", () => {
  let root: Authority, upper: Authority, lower: Authority;
  beforeAll(async () => {
    root = await authority("Root");
    upper = await authority("Upper", { issuer: root });
    lower = await authority("Lower", { issuer: upper });
  });
  const problems = (given: { certificate: string; key?: string; chain?: string }, ...roots: Authority[]) =>
    intermediateProblemsOf(
      given,
      roots.map(({ certificate }) => certificate),
      place,
    );

  it("may be signed by any trusted root, or by a chain to it with or without the root", async () => {
    const other = await authority("Other");
    expect(problems(upper, other, root)).toEqual([]);
    expect(problems({ ...lower, chain: upper.certificate }, root)).toEqual([]);
    expect(problems({ ...lower, chain: `${upper.certificate}\n${root.certificate}` }, root)).toEqual([]);
  });

  it("leads to a trusted root", async () => {
    expect(problems(lower, root)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Lower",
        message: "Its issuer, CN=Upper, is not a trusted root.",
        remedy: "Give the certificates between it and the root in `chain`, or trust its root.",
      },
    ]);
    const other = await authority("Other");
    expect(problems({ ...lower, chain: upper.certificate }, other)).toEqual([
      {
        path: at("chain"),
        value: "CN=Upper",
        message: "Its issuer, CN=Root, is not a trusted root.",
        remedy: "Give the certificates between it and the root in `chain`, or trust its root.",
      },
    ]);
  });

  it("is not taken in by a root of the same name and another key", async () => {
    const impostor = await authority("Root");
    expect(problems(upper, impostor)).toHaveLength(1);
  });

  it("is not the root itself", () => {
    expect(problems(root, root)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Root",
        message: "This is the root itself; an intermediate is a CA that the root has signed.",
        remedy: "Leave `intermediate` out and give the root's key: then Weft makes one.",
      },
    ]);
  });

  it("is not signed by SHA-1, and neither is its chain; a root may be, because nobody looks at its signature", async () => {
    const oldRoot = await authority("Old root", { hash: "SHA-1" });
    const old = await authority("Old", { issuer: oldRoot, hash: "SHA-1" });
    const below = await authority("Below", { issuer: old });
    const problem = {
      value: "CN=Old",
      message: "Signed by SHA-1, which istiod does not accept.",
      remedy: "Have it signed again, by SHA-256 or better.",
    };
    expect(problems(await authority("New", { issuer: oldRoot }), oldRoot)).toEqual([]);
    expect(problems(old, oldRoot)).toEqual([{ path: at("certificate"), ...problem }]);
    expect(problems({ ...below, chain: old.certificate }, oldRoot)).toEqual([
      { path: at("chain"), ...problem },
    ]);
  });

  it("has its chain in order", async () => {
    const deep = await authority("Deep", { issuer: lower });
    expect(problems({ ...deep, chain: `${upper.certificate}\n${lower.certificate}` }, root)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Deep",
        message: "Not signed by the next certificate of the chain, CN=Upper.",
        remedy: "List the chain from this certificate's issuer towards the root.",
      },
    ]);
  });

  it("has a chain that can be read and is valid", async () => {
    const expired = await authority("Expired", { issuer: root, to: "2026-05-01" });
    const below = await authority("Below", { issuer: expired });
    expect(problems({ ...upper, chain: "no PEM" }, root)).toEqual([
      { path: at("chain"), message: "Expected PEM of certificates.", remedy: anotherPem },
    ]);
    expect(problems({ ...below, chain: expired.certificate }, root)).toEqual([
      { path: at("chain"), value: "CN=Expired", message: "Expired on 2026-05-01.", remedy: reissue },
    ]);
  });

  it("has a chain of CAs whose signatures and workloads are accepted", async () => {
    const chained = async (issuer: Authority) => ({
      ...(await authority("Below", { issuer })),
      chain: issuer.certificate,
    });
    const problem = (message: string) => [expect.objectContaining({ path: at("chain"), message }) as object];
    const noCa = await chained(await authority("No CA", { issuer: root, ca: false }));
    expect(problems(noCa, root)).toEqual(problem("Not a CA: it may not sign certificates."));
    const mail = [ExtendedKeyUsage.emailProtection];
    expect(problems(await chained(await authority("Mail", { issuer: root, usages: mail })), root)).toEqual(
      problem(
        "Its extended key usage leaves out serverAuth and clientAuth, so proxies refuse every workload below it.",
      ),
    );
  });

  it("has no key in its chain", () => {
    expect(problems({ ...lower, chain: `${upper.certificate}\n${upper.key}` }, root)).toEqual([
      {
        path: at("chain"),
        message: "Holds a private key as well, and what stands here is published to all workloads.",
        remedy: "Keep the CERTIFICATE block alone. A key stands under `key`, as a secret.",
      },
    ]);
  });

  it("needs room below every CA above it", async () => {
    const tight = await authority("Tight", { pathLength: 1 });
    const middle = await authority("Middle", { issuer: tight });
    const last = await authority("Last", { issuer: middle });
    expect(problems(middle, tight)).toEqual([]);
    expect(problems({ ...last, chain: middle.certificate }, tight)).toEqual([
      {
        path: at("certificate"),
        value: "CN=Tight",
        message: "Its path length 1 leaves no room for the 2 intermediates below it.",
        remedy: "Use a CA with a path length of 2 or more, or without one.",
      },
    ]);
  });
});

it("no problem ever shows a line of a key", async () => {
  const [root, other] = [await authority("Root"), await authority("Other")];
  const problems = [
    rootProblemsOf({ certificate: root.certificate, key: other.key }, true, place),
    rootProblemsOf({ certificate: other.key, key: root.certificate }, true, place),
    intermediateProblemsOf({ certificate: root.certificate, key: other.key, chain: other.key }, [], place),
  ];
  const body = other.key.split("\n").filter((line) => line !== "" && !line.startsWith("-----"));
  expect(problems.flat()).not.toHaveLength(0);
  for (const line of body) expect(JSON.stringify(problems)).not.toContain(line);
});

it("fingerprints are those of openssl, one per certificate", async () => {
  const [a, b] = [await authority("A"), await authority("B")];
  const both = fingerprints(`${a.certificate}\n${b.certificate}`);
  expect(both).toHaveLength(2);
  expect(both[0]).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
});
