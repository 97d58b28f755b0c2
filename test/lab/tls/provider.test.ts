/** What the recorded calls of the real provider do not hold (test/integration/doubles-tls.test.ts), in its rules. */
import "reflect-metadata";
import { spawn } from "node:child_process";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import * as path from "node:path";
import * as x509 from "@peculiar/x509";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { describe as describeKey } from "../../../lab/tls/keys";
import type { Values } from "../../../lab/tls/kinds";
import { provider } from "../../../lab/tls/provider";
import { unknown } from "../../../lab/tls/state";

const types = {
  key: "tls:index/privateKey:PrivateKey",
  request: "tls:index/certRequest:CertRequest",
  selfSigned: "tls:index/selfSignedCert:SelfSignedCert",
  locallySigned: "tls:index/locallySignedCert:LocallySignedCert",
};
type Type = keyof typeof types;

const started = new Date("2026-01-02T03:04:05Z");
const after = (hours: number, ms = 0) => new Date(started.getTime() + hours * 3_600_000 + ms);

const urnOf = (type: Type) => `urn:pulumi:dev::test::weft:mesh:Mesh$${types[type]}::it`;
const struct = (values: Values) => Struct.fromJavaScript(values as Record<string, string>);

/** Makes one call of the provider at this time. */
function call<A>(method: string, request: unknown, now: Date): Promise<A> {
  const handler = provider(() => now)[method] as unknown as (
    call: { request: unknown },
    done: (error: Error | null, answer: A) => void,
  ) => void;
  return new Promise((resolve, reject) =>
    handler({ request }, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

/** Properties as an engine has them that keeps no secrets: the values behind the marks. */
function open(properties: Struct | undefined): Values {
  const bare = (value: unknown): unknown => {
    if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
    if ("4dabf18193072939515e22adb298388d" in value) return bare((value as Values).value);
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, bare(inner)]));
  };
  return bare(properties!.toJavaScript()) as Values;
}

async function create(
  type: Type,
  inputs: Values,
  { isPreview = false, now = started } = {},
): Promise<Values> {
  const request = new messages.CreateRequest()
    .setUrn(urnOf(type))
    .setProperties(struct(inputs))
    .setPreview(isPreview);
  return open((await call<messages.CreateResponse>("create", request, now)).getProperties());
}

/** The changes as `name:KIND`, and what replaces. */
async function diff(type: Type, state: Values, inputs: Values, now = started) {
  const request = new messages.DiffRequest()
    .setUrn(urnOf(type))
    .setOlds(struct(state))
    .setNews(struct(inputs));
  const response = await call<messages.DiffResponse>("diff", request, now);
  const kinds = Object.entries(messages.PropertyDiff.Kind) as [string, number][];
  const changes = response
    .getDetaileddiffMap()
    .toArray()
    .map(([name, difference]) => {
      const kind = (difference as unknown as [number])[0] ?? 0;
      return `${name}:${kinds.find(([, number]) => number === kind)![0]}`;
    });
  return { changes: changes.sort().join(" "), replaces: response.getReplacesList() };
}

async function refusals(type: Type, inputs: Values): Promise<string[]> {
  const request = new messages.CheckRequest().setUrn(urnOf(type)).setNews(struct(inputs));
  const response = await call<messages.CheckResponse>("check", request, started);
  return response
    .getFailuresList()
    .map((failure) => failure.getReason())
    .sort();
}

const ec = { algorithm: "ECDSA", ecdsaCurve: "P256" };
const keyPem = async () => (await create("key", ec)).privateKeyPem as string;
const caUses = ["cert_signing", "crl_signing"];

let rootInputs: Values;
let root: Values;
beforeAll(async () => {
  rootInputs = {
    privateKeyPem: await keyPem(),
    subject: { commonName: "Root CA", organization: "Weft" },
    validityPeriodHours: 30 * 24,
    earlyRenewalHours: 10 * 24,
    allowedUses: caUses,
    isCaCertificate: true,
  };
  root = await create("selfSigned", rootInputs);
});

/** These inputs with others, and without those that are undefined. */
const changed = (inputs: Values, changes: Values): Values =>
  Object.fromEntries(Object.entries({ ...inputs, ...changes }).filter(([, value]) => value !== undefined));
const rootWith = (changes: Values) => create("selfSigned", changed(rootInputs, changes));

async function signedBy(ca: Values, caKey: unknown, changes: Values = {}) {
  const privateKeyPem = await keyPem();
  const { certRequestPem } = await create("request", {
    privateKeyPem,
    subject: { commonName: "Intermediate CA", organization: "Weft", locality: "c1" },
    dnsNames: ["istiod.istio-system.svc"],
  });
  const inputs = {
    caCertPem: ca.certPem,
    caPrivateKeyPem: caKey,
    certRequestPem,
    validityPeriodHours: 24,
    allowedUses: caUses,
    isCaCertificate: true,
  };
  return { key: privateKeyPem, state: await create("locallySigned", changed(inputs, changes)) };
}
const parsed = (state: Values) => new X509Certificate(state.certPem as string);
const extension = <E extends x509.Extension>(state: Values, type: new (raw: ArrayBuffer) => E) =>
  new x509.X509Certificate(state.certPem as string).getExtension(type);

describe("what is issued", () => {
  test("a root, an intermediate and a leaf are a chain", async () => {
    const intermediate = await signedBy(root, rootInputs.privateKeyPem);
    const leaf = await signedBy(intermediate.state, intermediate.key, {
      isCaCertificate: false,
      allowedUses: ["digital_signature", "key_encipherment"],
    });
    for (const [child, parent] of [
      [leaf.state, intermediate.state],
      [intermediate.state, root],
    ] as const) {
      expect(parsed(child).checkIssued(parsed(parent))).toBe(true);
      expect(parsed(child).verify(parsed(parent).publicKey)).toBe(true);
      expect(extension(child, x509.AuthorityKeyIdentifierExtension)!.keyId).toBe(
        extension(parent, x509.SubjectKeyIdentifierExtension)!.keyId,
      );
    }
    expect(parsed(leaf.state).ca).toBe(false);
    expect(extension(leaf.state, x509.KeyUsagesExtension)!.usages).toBe(
      x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment,
    );
    expect(extension(leaf.state, x509.KeyUsagesExtension)!.critical).toBe(true);
    expect(parsed(leaf.state).subjectAltName).toBe("DNS:istiod.istio-system.svc");
    expect(parsed(leaf.state).subject).toBe("L=c1\nO=Weft\nCN=Intermediate CA");
    expect(BigInt(`0x${parsed(leaf.state).serialNumber}`).toString()).toBe(leaf.state.id);
    expect(leaf.state.caKeyAlgorithm).toBe("ECDSA");
  });

  test("an RSA root signs too", async () => {
    const { privateKeyPem } = await create("key", { algorithm: "RSA", rsaBits: 2048 });
    const rsa = await rootWith({ privateKeyPem });
    const { state } = await signedBy(rsa, privateKeyPem);
    expect(parsed(state).verify(parsed(rsa).publicKey)).toBe(true);
    expect([rsa.keyAlgorithm, state.caKeyAlgorithm]).toEqual(["RSA", "RSA"]);
  });

  test("the state and the certificate tell one validity, also after 2049", async () => {
    const far = await create(
      "selfSigned",
      { ...rootInputs, validityPeriodHours: 30 * 365 * 24 },
      { now: after(0, 678) },
    );
    expect(far).toMatchObject({
      validityStartTime: "2026-01-02T03:04:05.000Z",
      validityEndTime: "2055-12-26T03:04:05.000Z",
    });
    expect(parsed(far).validTo).toBe("Dec 26 03:04:05 2055 GMT");
  });

  test.each([
    [undefined, undefined],
    [-1, undefined],
    [0, undefined],
    [1, 1],
  ])("a path length of %s is written as %s", async (maxPathLength, written) => {
    const state = await rootWith({ maxPathLength });
    expect(extension(state, x509.BasicConstraintsExtension)!.pathLength).toBe(written);
    expect(state.maxPathLength).toBe(maxPathLength);
  });

  test("who is no CA is named by its key on request only", async () => {
    const keyIdOf = async (changes: Values) =>
      extension(
        await rootWith({ isCaCertificate: undefined, ...changes }),
        x509.SubjectKeyIdentifierExtension,
      );
    expect(await keyIdOf({})).toBeNull();
    expect((await keyIdOf({ setSubjectKeyId: true }))!.keyId).toMatch(/^[0-9a-f]{40}$/);
  });

  test("what cannot be issued says why, and shows no key", async () => {
    await expect(signedBy(root, await keyPem())).rejects.toThrow(
      "Failed to create certificate: caPrivateKeyPem is not the key of caCertPem",
    );
    await expect(create("key", { algorithm: "ECDSA" })).rejects.toThrow(
      "the lab's double of the tls provider has no curve P224, but P256",
    );
    await expect(create("request", { privateKeyPem: root.certPem })).rejects.toThrow(
      /^Failed to parse private key PEM: failed to decode PEM block: decoded bytes 0, undecoded \d+$/,
    );
    const broken = "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n";
    await expect(rootWith({ privateKeyPem: broken })).rejects.toThrow(/^(?!.*(AAAA|BEGIN)).+$/);
    await expect(
      signedBy(root, rootInputs.privateKeyPem, { certRequestPem: root.certPem }),
    ).rejects.toThrow();
  });
});

describe("keys", () => {
  test("a public key has the names that the real provider gave it", () => {
    const blob =
      "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBPuryVzZ77MpnRfuJZHhBm7WImDB9TD0S52AXIKSORstCO167WX9wDUWrErpWfv7Ambe9EIMLWRf5KKBKZtyqw0=";
    const point = Buffer.from(blob, "base64").subarray(-64);
    const [x, y] = [point.subarray(0, 32), point.subarray(32)].map((half) => half.toString("base64url"));
    const key = createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x, y } });
    expect(describeKey(key)).toMatchObject({
      id: "165a6a27e6d6343ea1da8fda21d5eea0514546ff",
      publicKeyFingerprintMd5: "5b:92:e7:fd:b7:a0:9c:37:8f:98:09:64:e2:34:e5:60",
      publicKeyFingerprintSha256: "SHA256:d2PuGzADBHxpS1f3AsPlmAbneTFe1vuACm4AFDoH7TM",
      publicKeyOpenssh: `ecdsa-sha2-nistp256 ${blob}\n`,
    });
  });

  test.each([
    [ec, "EC PRIVATE KEY", 256],
    [{ algorithm: "RSA", rsaBits: 3072 }, "RSA PRIVATE KEY", 3072],
  ])("%j is one key in every encoding", async (inputs, label, bits) => {
    const state = (await create("key", inputs)) as Record<string, string>;
    const key = createPrivateKey(state.privateKeyPem!);
    expect(state.privateKeyPem).toMatch(`-----BEGIN ${label}-----\n`);
    expect(key.asymmetricKeyDetails!.modulusLength ?? 256).toBe(bits);
    expect(createPrivateKey(state.privateKeyPemPkcs8!).equals(key)).toBe(true);
    expect(createPublicKey(state.publicKeyPem!).equals(createPublicKey(key))).toBe(true);

    const { n, e, d, qi, p, q } = key.export({ format: "jwk" });
    const numbers = bits === 256 ? [d] : [n, e, d, qi, p, q];
    const openssh = readOpenssh(state.privateKeyOpenssh!, bits === 256 ? 4 : 7);
    expect(`${openssh.publicKey}\n`).toBe(state.publicKeyOpenssh!.split(" ")[1]);
    expect(
      openssh.fields.slice(-numbers.length).map((field) => BigInt(`0x${field.toString("hex")}`)),
    ).toEqual(numbers.map((number) => BigInt(`0x${Buffer.from(number!, "base64url").toString("hex")}`)));
  });
});

/** Reads an openssh-key-v1 file without passphrase. @param count fields of its private key */
function readOpenssh(file: string, count: number): { publicKey: string; fields: Buffer[] } {
  const reading = (bytes: Buffer) => {
    let at = 0;
    const take = (length: number) => bytes.subarray(at, (at += length));
    return { take, string: () => take(take(4).readUInt32BE()) };
  };
  const whole = reading(Buffer.from(file.replace(/-----.*-----/g, ""), "base64"));
  expect(whole.take(15).toString()).toBe("openssh-key-v1\0");
  expect([whole.string(), whole.string(), whole.string()].map(String)).toEqual(["none", "none", ""]);
  expect(whole.take(4).readUInt32BE()).toBe(1);
  const publicKey = whole.string().toString("base64");
  const secret = whole.string();
  expect(secret.length % 8).toBe(0);
  const inner = reading(secret);
  expect(inner.take(4)).toEqual(inner.take(4));
  return { publicKey, fields: Array.from({ length: count }, () => inner.string()) };
}

describe("renewal", () => {
  const due = { changes: "readyForRenewal:UPDATE_REPLACE", replaces: ["readyForRenewal"] };
  const none = { changes: "", replaces: [] };

  test("a certificate is replaced from the moment at which its window opens", async () => {
    expect(await diff("selfSigned", root, rootInputs, after(20 * 24, -1))).toEqual(none);
    expect(await diff("selfSigned", root, rootInputs, after(20 * 24))).toEqual(due);
    expect(await diff("selfSigned", root, rootInputs, after(31 * 24))).toEqual(due);
  });

  test("without early renewal it is replaced at its end", async () => {
    const inputs = changed(rootInputs, { earlyRenewalHours: undefined });
    const state = await create("selfSigned", inputs);
    expect(await diff("selfSigned", state, inputs, after(30 * 24, -1))).toEqual(none);
    expect(await diff("selfSigned", state, inputs, after(30 * 24))).toEqual(due);
  });

  test("a validity that the real provider wrote, to the nanosecond, is read", async () => {
    const state = { ...root, validityEndTime: "2026-02-01T03:04:05.678901234Z" };
    expect(await diff("selfSigned", state, rootInputs, after(20 * 24))).toEqual(none);
    expect(await diff("selfSigned", state, rootInputs, after(20 * 24, 679))).toEqual(due);
  });

  test("a refresh reports that a certificate is due, and no sooner", async () => {
    const request = new messages.ReadRequest()
      .setUrn(urnOf("selfSigned"))
      .setId(root.id as string)
      .setProperties(struct(root))
      .setInputs(struct(rootInputs));
    const isReady = async (now: Date) =>
      open((await call<messages.ReadResponse>("read", request, now)).getProperties()).readyForRenewal;
    expect(await isReady(after(19 * 24))).toBe(false);
    expect(await isReady(after(20 * 24))).toBe(true);
  });

  test("one that was reported due and is not any more, because its window is shorter, is kept", async () => {
    const state = { ...root, readyForRenewal: true };
    expect(await diff("selfSigned", state, rootInputs)).toEqual({
      changes: "readyForRenewal:UPDATE",
      replaces: [],
    });
  });

  test.each([
    { validityPeriodHours: 0, earlyRenewalHours: 0 },
    { validityPeriodHours: 5, earlyRenewalHours: 5 },
  ])("one that is always due says so from the start: %j", async (always) => {
    expect(await rootWith(always)).toMatchObject({ readyForRenewal: true });
  });
});

describe("an update", () => {
  test.each<[string, Values, string]>([
    ["nothing", {}, ""],
    ["a default, written", { setAuthorityKeyId: false, maxPathLength: undefined }, ""],
    ["early renewal", { earlyRenewalHours: 24 }, "earlyRenewalHours:UPDATE"],
    ["early renewal, gone", { earlyRenewalHours: undefined }, "earlyRenewalHours:UPDATE"],
    ["validity", { validityPeriodHours: 999 }, "validityPeriodHours:UPDATE_REPLACE"],
    [
      "both",
      { validityPeriodHours: 999, earlyRenewalHours: 1 },
      "earlyRenewalHours:UPDATE validityPeriodHours:UPDATE_REPLACE",
    ],
    ["another use", { allowedUses: ["cert_signing", "digital_signature"] }, "allowedUses:UPDATE_REPLACE"],
    ["a use less", { allowedUses: ["cert_signing"] }, "allowedUses:UPDATE_REPLACE"],
    ["a field of the subject", { subject: { commonName: "Root CA" } }, "subject:UPDATE_REPLACE"],
    ["no subject", { subject: undefined }, "subject:DELETE_REPLACE"],
    [
      "a null in the subject",
      { subject: { commonName: "Root CA", organization: "Weft", country: null } },
      "",
    ],
    ["path length", { maxPathLength: 1 }, "maxPathLength:ADD_REPLACE"],
    ["a key not yet made", { privateKeyPem: unknown }, "privateKeyPem:UPDATE_REPLACE"],
    ["key identifiers", { setSubjectKeyId: true }, "setSubjectKeyId:UPDATE_REPLACE"],
    ["no CA", { isCaCertificate: undefined }, "isCaCertificate:UPDATE_REPLACE"],
  ])("of a certificate: %s", async (_, changes, expected) => {
    const found = await diff("selfSigned", root, changed(rootInputs, changes));
    const replacing = expected.match(/\w+(?=:\w+_REPLACE)/g) ?? [];
    expect(found).toEqual({ changes: expected, replaces: replacing });
  });

  test("of a key makes all that is of it unknown", async () => {
    const state = await create("key", ec);
    expect(await diff("key", state, { algorithm: "ECDSA", ecdsaCurve: "P521" })).toEqual({
      changes:
        "ecdsaCurve:UPDATE_REPLACE id:UPDATE privateKeyOpenssh:UPDATE privateKeyPem:UPDATE privateKeyPemPkcs8:UPDATE " +
        "publicKeyFingerprintMd5:UPDATE publicKeyFingerprintSha256:UPDATE publicKeyOpenssh:UPDATE publicKeyPem:UPDATE",
      replaces: ["ecdsaCurve"],
    });
  });

  test.each([true, false])("keeps the certificate (in a preview: %s)", async (isPreview) => {
    const request = new messages.UpdateRequest()
      .setUrn(urnOf("selfSigned"))
      .setOlds(struct(root))
      .setNews(struct({ ...rootInputs, earlyRenewalHours: 48 }))
      .setPreview(isPreview);
    const response = await call<messages.UpdateResponse>("update", request, after(24));
    const { __pulumi_raw_state_delta: delta, ...kept } = open(response.getProperties());
    const { __pulumi_raw_state_delta: before, ...expected } = { ...root, earlyRenewalHours: 48 } as Values;
    expect(kept).toEqual(expected);
    expect(delta).toEqual(isPreview ? undefined : before);
  });
});

test("a preview knows the defaults and nothing else", async () => {
  const inputs = { ...rootInputs, privateKeyPem: unknown, subject: { commonName: unknown } };
  expect(await create("selfSigned", inputs, { isPreview: true })).toEqual({
    ...inputs,
    setSubjectKeyId: false,
    setAuthorityKeyId: false,
    readyForRenewal: false,
    ...Object.fromEntries(
      ["certPem", "id", "keyAlgorithm", "maxPathLength", "validityEndTime", "validityStartTime"].map(
        (name) => [name, unknown],
      ),
    ),
  });
});

test("a key cannot be imported", async () => {
  const request = new messages.ReadRequest().setUrn(urnOf("key")).setId("x");
  await expect(call("read", request, started)).rejects.toThrow(
    "A key or a certificate is in the state alone: none can be imported.",
  );
});

test("a resource that the double does not have is refused by name", async () => {
  const request = new messages.CheckRequest().setUrn("urn:pulumi:dev::test::tls:index/other:Other::it");
  await expect(call("check", request, started)).rejects.toThrow(
    "the lab's double of the tls provider has no resource tls:index/other:Other",
  );
});

describe("inputs", () => {
  const not = (what: string) => `the lab's double of the tls provider does not take ${what}`;
  const request = { privateKeyPem: "x" };

  test.each<[string, Type, Values, string[]]>([
    [
      "what is not known yet",
      "locallySigned",
      {
        caCertPem: unknown,
        caPrivateKeyPem: unknown,
        certRequestPem: unknown,
        validityPeriodHours: unknown,
        allowedUses: unknown,
      },
      [],
    ],
    ["nothing", "key", {}, ["Missing required property 'algorithm'"]],
    ["an algorithm", "key", { algorithm: "ED25519" }, [not("algorithm: ED25519")]],
    ["a curve", "key", { algorithm: "ECDSA", ecdsaCurve: "P384" }, [not("ecdsaCurve: P384")]],
    ["an address", "request", { ...request, ipAddresses: ["10.0.0.1"] }, [not("ipAddresses")]],
    ["a subject not known yet", "request", { ...request, subject: unknown }, []],
    [
      "a field of a subject",
      "request",
      { ...request, subject: { commonName: "x", country: "DE" } },
      [not("subject: country")],
    ],
    [
      "a write-only key, which is not shown",
      "request",
      { ...request, privateKeyPemWo: "x" },
      [not("privateKeyPemWo")],
    ],
    ["a null", "request", { ...request, uris: null }, []],
  ])("%s", async (_, type, inputs, expected) => {
    expect(await refusals(type, inputs)).toEqual(expected);
  });

  test("of a CA are taken, but no use of another kind", async () => {
    expect(await refusals("selfSigned", rootInputs)).toEqual([]);
    expect(
      await refusals("selfSigned", { ...rootInputs, allowedUses: ["cert_signing", "server_auth"] }),
    ).toEqual([not("allowedUses: server_auth")]);
  });
});

// Terraform keeps a missing subject as an empty list, and everything else that is missing as null.
test("the real provider can read a state without subject", async () => {
  const state = await create("request", { privateKeyPem: await keyPem(), dnsNames: [] });
  expect(state.__pulumi_raw_state_delta).toEqual({
    obj: {
      ps: {
        dnsNames: { arr: {} },
        ipAddresses: { replace: { raw: null } },
        subject: { replace: { raw: [] } },
        uris: { replace: { raw: null } },
      },
    },
  });
});

test("the plugin ends with its engine, which holds its input", async () => {
  const program = path.join(__dirname, "../../../lab/engine/bin/pulumi-resource-tls");
  const plugin = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
  const exit = once(plugin, "exit");
  const [port] = (await once(plugin.stdout, "data")) as [Buffer];
  expect(port.toString()).toMatch(/^\d+\n$/);
  plugin.stdin.end();
  expect(await exit).toEqual([0, null]);
});
