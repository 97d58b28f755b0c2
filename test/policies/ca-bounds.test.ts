import { caBounds } from "../../policies/ca-bounds";
import { authority, type AuthorityOptions } from "../mesh/authorities";
import { runOnResource, unknown } from "./run";
import { base64 } from "./samples";

const key = (props: object) =>
  runOnResource(caBounds, { type: "tls:index/privateKey:PrivateKey", name: "root-key", props: { ...props } });
const days = (n: number) => n * 24;
const root = (props: object) =>
  runOnResource(caBounds, {
    type: "tls:index/selfSignedCert:SelfSignedCert",
    name: "root",
    props: { isCaCertificate: true, validityPeriodHours: days(3650), ...props },
  });
const intermediate = (props: object, config = {}) =>
  runOnResource(
    caBounds,
    {
      type: "tls:index/locallySignedCert:LocallySignedCert",
      name: "cluster1-ca",
      props: { isCaCertificate: true, validityPeriodHours: days(365), maxPathLength: 0, ...props },
    },
    config,
  );

test.each([
  [{ algorithm: "ECDSA", ecdsaCurve: "P256" }],
  [{ algorithm: "ECDSA", ecdsaCurve: "P384" }],
  [{ algorithm: "RSA", rsaBits: 4096 }],
])("a key %j passes", (props) => {
  expect(key(props)).toEqual([]);
});

test.each([
  [{ algorithm: "ECDSA", ecdsaCurve: "P224" }, 'ecdsaCurve ("P224")'],
  [{ algorithm: "ECDSA" }, 'ecdsaCurve ("P224")'],
  [{ algorithm: "RSA", rsaBits: 2048 }, "rsaBits (2048)"],
  [{ algorithm: "RSA" }, "rsaBits (2048)"],
  [{ algorithm: "ED25519" }, 'algorithm ("ED25519")'],
])("a key %j is refused", (props, where) => {
  expect(key(props)).toEqual([expect.stringContaining(`root-key ${where}: `)]);
  expect(key(props)[0]).toMatch(/Use .*weft:mesh\.trust\.algorithm/);
});

test("a root of ten years and an intermediate of one year pass", () => {
  expect(root({})).toEqual([]);
  expect(intermediate({})).toEqual([]);
});

test.each([30, 7300])("a root of %d days is refused", (lifetime) => {
  expect(root({ validityPeriodHours: days(lifetime) })).toEqual([
    `root validityPeriodHours (${days(lifetime)}): a root valid for ${lifetime} days, where 365 to 3660 are allowed. Set weft:mesh.trust.rootLifetimeDays to a value between them.`,
  ]);
});

test.each([1, 1000])("an intermediate of %d days is refused", (lifetime) => {
  expect(intermediate({ validityPeriodHours: days(lifetime) })).toEqual([
    expect.stringContaining(`an intermediate valid for ${lifetime} days, where 7 to 732 are allowed`),
  ]);
});

test("the bounds are configurable", () => {
  expect(intermediate({ validityPeriodHours: days(1) }, { intermediateDays: { min: 1, max: 30 } })).toEqual(
    [],
  );
  expect(intermediate({}, { intermediateDays: { min: 1, max: 30 } })).toHaveLength(1);
});

test("an intermediate without a path length is refused", () => {
  expect(intermediate({ maxPathLength: undefined })).toEqual([
    "cluster1-ca maxPathLength: an intermediate without a path length may sign further CAs, which nobody would know of. Set it to 0.",
  ]);
});

test("a root that allows no intermediates is refused", () => {
  expect(root({ maxPathLength: 0 })).toEqual([expect.stringContaining("root maxPathLength (0): ")]);
  expect(root({ maxPathLength: 1 })).toEqual([]);
});

test("certificates that are no CAs, and other resources, pass", () => {
  expect(intermediate({ isCaCertificate: false, validityPeriodHours: 1, maxPathLength: undefined })).toEqual(
    [],
  );
  expect(runOnResource(caBounds, { type: "kubernetes:core/v1:Secret" })).toEqual([]);
});

describe("a CA of cert-manager", () => {
  const certificate = (spec: object) =>
    runOnResource(caBounds, {
      type: "kubernetes:cert-manager.io/v1:Certificate",
      name: "cluster1-ca",
      props: { spec: { isCA: true, ...spec } },
    });
  const privateKey = { algorithm: "ECDSA", size: 256 };

  test("passes within the bounds", () => {
    expect(certificate({ duration: "8760h", privateKey })).toEqual([]);
    expect(certificate({ duration: "87600h0m0s", privateKey })).toEqual([]);
    expect(certificate({ privateKey: { algorithm: "ECDSA" } })).toEqual([]);
  });

  test.each([
    [{ duration: "24h", privateKey }, "spec.duration (24)"],
    [{ duration: "175200h", privateKey }, "spec.duration (175200)"],
    [{ duration: "8760h", privateKey: { algorithm: "RSA", size: 2048 } }, "spec.privateKey.size (2048)"],
    [{ duration: "8760h" }, "spec.privateKey.size (2048)"],
    [{ duration: "8760h", privateKey: { algorithm: "ECDSA", size: 521 } }, 'spec.privateKey.size ("P521")'],
    [{ duration: "8760h", privateKey: { algorithm: "Ed25519" } }, 'spec.privateKey.algorithm ("Ed25519")'],
  ])("%j is refused", (spec, where) => {
    expect(certificate(spec)).toEqual([expect.stringContaining(`cluster1-ca ${where}: `)]);
  });

  test("which is no CA passes", () => {
    expect(certificate({ isCA: false, duration: "24h" })).toEqual([]);
  });
});

describe("an intermediate that a person brings", () => {
  const cacerts = async (options: AuthorityOptions) => {
    const { certificate } = await authority("cluster1", options);
    return runOnResource(caBounds, {
      type: "kubernetes:core/v1:Secret",
      name: "cluster1-cacerts",
      props: { metadata: { name: "cacerts" }, data: { "ca-cert.pem": base64(certificate) } },
    });
  };

  test("passes within the bounds", async () => {
    expect(await cacerts({ from: "2026-01-01", to: "2028-01-01" })).toEqual([]);
  });

  test("is refused when it is valid for longer, with what to do", async () => {
    expect(await cacerts({ from: "2026-01-01", to: "2036-01-01" })).toEqual([
      'cluster1-cacerts data["ca-cert.pem"] (87648): an intermediate valid for 3652 days, where 7 to 732 are allowed. ' +
        "Have it issued for a time between them, or leave it out: then Weft makes one.",
    ]);
  });

  test("is refused with a key of another kind", async () => {
    expect(await cacerts({ algorithm: "Ed25519" })).toEqual([
      expect.stringContaining('data["ca-cert.pem"] ("ed25519"): a CA\'s key is ECDSA or RSA.'),
    ]);
  });

  test("is refused with a key that is too short", async () => {
    expect(await cacerts({ algorithm: "RSA" })).toEqual([
      expect.stringContaining('data["ca-cert.pem"] (2048): an RSA key of a CA has at least 3072 bits.'),
    ]);
  });

  test("passes where it is not known, or no certificate", () => {
    for (const data of [unknown, {}, { "ca-cert.pem": base64("nope") }]) {
      const props = { metadata: { name: "cacerts" }, data };
      expect(runOnResource(caBounds, { type: "kubernetes:core/v1:Secret", props })).toEqual([]);
    }
  });
});
