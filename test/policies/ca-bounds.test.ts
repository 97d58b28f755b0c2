import { caBounds } from "../../policies/ca-bounds";
import { runOnResource } from "./run";

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
