import { X509Certificate } from "node:crypto";
import { certificatesOf } from "../../../components/root-ca/certificate-chain";
import type { LiveMember } from "../../../mesh/live-member";
import { newIntermediate, newRoot, valueOf, type Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

function files(recorder: Recorder, member: string): Record<string, string> {
  return recorder.named(`mesh-${member}-cacerts`).inputs["stringData"] as Record<string, string>;
}

/** Localities of the roots in a member's bundle, which are the names of generated roots. */
function trusted(recorder: Recorder, member: string): (string | undefined)[] {
  return certificatesOf(files(recorder, member)["root-cert.pem"]!).map(
    ({ subject }) => subject.split("L=")[1],
  );
}

function signer(recorder: Recorder, member: string): string | undefined {
  return new X509Certificate(files(recorder, member)["ca-cert.pem"]!).issuer.split("L=")[1];
}

const annotations = (recorder: Recorder, member: string) =>
  (recorder.named(`mesh-${member}-cacerts`).inputs["metadata"] as { annotations: object }).annotations;

const bundle = (recorder: Recorder, member: string) =>
  (recorder.named(`mesh-${member}-istiod`).inputs["values"] as { pilot: { podAnnotations: object } }).pilot
    .podAnnotations;

describe("a rotation of the shared root", () => {
  const clusters = [cluster("a"), cluster("b")];
  const [old, next] = [
    { name: "default", source: "generated" as const },
    { name: "next", source: "generated" as const },
  ];
  const step = async (roots: (typeof old & { signing?: boolean })[]) =>
    (await weave({ mesh: { trust: { roots } }, clusters })).recorder;

  test("may be one of the algorithm: that of a root is that of the intermediates below it", async () => {
    const algorithms = async (signing: "default" | "next") => {
      const roots = [
        { ...old, signing: signing === "default" },
        { ...next, algorithm: "RSA-4096" as const, signing: signing === "next" },
      ];
      const { recorder } = await weave({ mesh: { trust: { roots } }, clusters: [cluster("a")] });
      return ["mesh-trust-default-key", "mesh-trust-next-key", "mesh-trust-a-intermediate-key"].map(
        (key) => recorder.named(key).inputs["algorithm"],
      );
    };
    expect(await algorithms("default")).toEqual(["ECDSA", "RSA", "ECDSA"]);
    expect(await algorithms("next")).toEqual(["ECDSA", "RSA", "RSA"]);
  });

  test("adds the new root, lets it sign, drops the old one", async () => {
    const start = (await weave({ clusters })).recorder;
    const added = await step([{ ...old, signing: true }, next]);
    const moved = await step([old, { ...next, signing: true }]);
    const dropped = await step([{ ...next, signing: true }]);
    const seen = [start, added, moved, dropped].map((recorder) => [
      trusted(recorder, "a"),
      signer(recorder, "a"),
      annotations(recorder, "a"),
    ]);
    const both = "default,next";
    expect(seen).toEqual([
      [["default"], "default", { "weft.dev/roots": "default", "weft.dev/signing-root": "default" }],
      [["default", "next"], "default", { "weft.dev/roots": both, "weft.dev/signing-root": "default" }],
      [["default", "next"], "next", { "weft.dev/roots": both, "weft.dev/signing-root": "next" }],
      [["next"], "next", { "weft.dev/roots": "next", "weft.dev/signing-root": "next" }],
    ]);
  });

  test("keeps the resources of a root from the first step to the last", async () => {
    const names = (recorder: Recorder) => recorder.ofType("tls:index/selfSignedCert:SelfSignedCert");
    expect(names((await weave({ clusters })).recorder)).toEqual(["mesh-trust-default-certificate"]);
    expect(names(await step([next, { ...old, signing: true }]))).toEqual([
      "mesh-trust-default-certificate",
      "mesh-trust-next-certificate",
    ]);
  });

  test("has the same bundle, in the same order, in every member and however the roots are listed", async () => {
    const one = await step([{ ...old, signing: true }, next]);
    const other = await step([next, { ...old, signing: true }]);
    expect(files(one, "b")["root-cert.pem"]).toBe(files(one, "a")["root-cert.pem"]);
    expect(trusted(other, "a")).toEqual(trusted(one, "a"));
    expect(bundle(one, "b")).toEqual(bundle(one, "a"));
  });
});

describe("federated trust", () => {
  const federated = { trust: { mode: "federated" as const } };

  test("gives every primary a root of its own and everybody all of them", async () => {
    const { recorder, mesh } = await weave({
      mesh: federated,
      clusters: [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "b" })],
    });
    expect(recorder.ofType("weft:root-ca:RootCa")).toEqual(["mesh-trust-a", "mesh-trust-b"]);
    for (const member of ["a", "b", "r"]) expect(trusted(recorder, member)).toEqual(["a", "b"]);
    expect(["a", "b", "r"].map((member) => signer(recorder, member))).toEqual(["a", "b", "b"]);
    expect(annotations(recorder, "r")).toEqual({ "weft.dev/roots": "a,b", "weft.dev/signing-root": "b" });
    expect(mesh.root).toBeUndefined();
    const [a] = certificatesOf(files(recorder, "a")["root-cert.pem"]!);
    expect(await valueOf(mesh.members["a"]!.root!.fingerprint)).toEqual({
      value: a!.fingerprint256,
      secret: false,
    });
  });

  test("can be narrowed", async () => {
    const { recorder } = await weave({
      mesh: federated,
      clusters: [
        cluster("a", { trust: { trusts: ["b"] } }),
        cluster("b"),
        cluster("c", { trust: { trusts: [] } }),
      ],
    });
    expect(["a", "b", "c"].map((member) => trusted(recorder, member))).toEqual([
      ["a", "b"],
      ["a", "b", "c"],
      ["c"],
    ]);
  });

  test("takes a member's own root and intermediate; then nothing is generated for it", async () => {
    const root = await newRoot("mine");
    const { certificate, key } = await newIntermediate("a", root);
    const { recorder } = await weave({
      mesh: federated,
      clusters: [
        cluster("a", {
          trust: { root: { certificate: root.certificate }, intermediate: { certificate, key } },
        }),
        cluster("b"),
      ],
    });
    expect(recorder.ofType("tls:index/privateKey:PrivateKey")).toEqual([
      "mesh-trust-b-intermediate-key",
      "mesh-trust-b-key",
    ]);
    expect(files(recorder, "a")).toEqual({
      "ca-cert.pem": certificate.trim(),
      "ca-key.pem": key.trim(),
      "cert-chain.pem": certificate + root.certificate,
      "root-cert.pem": expect.stringContaining(root.certificate.trim()) as string,
    });
    expect(recorder.named("mesh-a-cacerts").secrets.sort()).toEqual(
      ["ca-cert", "ca-key", "cert-chain", "root-cert"].map((file) => `stringData.${file}.pem`),
    );
    expect(trusted(recorder, "b")).toEqual(["mine", "b"]);
  });

  test("makes a joining member known, and it the others, only when their istiods have each other's roots", async () => {
    const { recorder } = await weave({ mesh: federated, clusters: [cluster("a"), cluster("joining")] });
    const orders: [later: string, earlier: string][] = [
      ["mesh-a-istiod", "mesh-a-cacerts"],
      ["mesh-a-peers-0", "mesh-a-istiod"],
      ["mesh-joining-peers-0", "mesh-a-istiod"],
      ["mesh-a-peers-0", "mesh-joining-istiod"],
    ];
    expect(orders.filter(([later, earlier]) => !recorder.isAfter(later, earlier))).toEqual([]);
  });

  test("drops the key of a leaving member from every PeerSecret before its root from any bundle", async () => {
    const live: LiveMember[] = ["a", "b"].map((name) => ({
      name,
      tokenGenerations: [1],
      roots: ["a", "b", "leaving"],
    }));
    const clusters = [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "a" })];
    const { recorder } = await weave({ mesh: federated, clusters }, live);
    for (const member of ["a", "b", "r"]) {
      for (const reader of ["a", "b"]) {
        expect(recorder.isAfter(`mesh-${member}-cacerts`, `mesh-${reader}-peers-0`)).toBe(true);
      }
    }
    const usual = await weave({ mesh: federated, clusters });
    expect(recorder.resources.map(({ name }) => name).sort()).toEqual(
      usual.recorder.resources.map(({ name }) => name).sort(),
    );
  });
});

describe("a provided root", () => {
  test("without a key serves remotes too: they have the CA that signs their workloads", async () => {
    const { certificate, ...root } = await newRoot("given");
    const intermediate = await newIntermediate("p", { certificate, ...root });
    const remote = cluster("r", { role: "remote", primary: "p" });
    const shared = await weave({
      mesh: { trust: { root: { source: "provided", certificate } } },
      clusters: [cluster("p", { trust: { intermediate } }), remote],
    });
    const federated = await weave({
      mesh: { trust: { mode: "federated" } },
      clusters: [cluster("p", { trust: { root: { certificate }, intermediate } }), remote],
    });
    for (const { recorder } of [shared, federated]) {
      expect(files(recorder, "r")).toEqual(files(recorder, "p"));
      expect(files(recorder, "r")["ca-key.pem"]).toBe(intermediate.key.trim());
    }
  });

  test("signs the intermediates, and its key stays secret", async () => {
    const root = await newRoot("given");
    const { recorder } = await weave({
      mesh: { trust: { root: { source: "provided", ...root } } },
      clusters: [cluster("a")],
    });
    expect(recorder.ofType("tls:index/selfSignedCert:SelfSignedCert")).toEqual([]);
    expect(recorder.named("mesh-trust-a-intermediate-certificate")).toMatchObject({
      inputs: { caCertPem: root.certificate.trim(), caPrivateKeyPem: root.key.trim() },
      secrets: ["caPrivateKeyPem"],
    });
    expect(signer(recorder, "a")).toBe("given");
  });

  test("needs no key where every member brings its intermediate", async () => {
    const root = await newRoot("given");
    const intermediate = await newIntermediate("a", root);
    const { recorder } = await weave({
      mesh: { trust: { root: { source: "provided", certificate: root.certificate } } },
      clusters: [cluster("a", { trust: { intermediate } })],
    });
    expect(recorder.resources.filter(({ type }) => type.startsWith("tls:"))).toEqual([]);
    expect(files(recorder, "a")["ca-key.pem"]).toBe(intermediate.key.trim());
  });
});
