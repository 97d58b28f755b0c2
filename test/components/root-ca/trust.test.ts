import { X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { certificatesOf } from "../../../components/root-ca/certificate-chain";
import { crlsIn, isListOf, serialNumber } from "../../../mesh/crl";
import type { LiveMember } from "../../../mesh/live-member";
import type { StackInput } from "../../../mesh/schema";
import { crlOf } from "../../../components/root-ca/crl";
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

describe("a lost key", () => {
  const clusters = [cluster("a"), cluster("b"), cluster("r", { role: "remote", primary: "b" })];
  const own = (recorder: Recorder, member: string) =>
    new X509Certificate(files(recorder, member)["ca-cert.pem"]!);
  const serialOf = (recorder: Recorder, member: string) => serialNumber(own(recorder, member).serialNumber);
  const crls = (recorder: Recorder, member: string) => crlsIn(files(recorder, member)["ca-crl.pem"]!);

  /** The resources, and the outputs that the next `up` is given. */
  async function up(mesh: StackInput["mesh"], last?: unknown) {
    const woven = await weave({ mesh, clusters }, [], { last });
    const { issued, crls: signed } = woven.mesh;
    const { value } = await valueOf(pulumi.output({ mesh: { issued, crls: signed } }));
    return { ...woven, outputs: value };
  }

  test("is told of to nobody while nothing is revoked, and each up writes down what it issued", async () => {
    const { recorder, outputs } = await up({});
    expect(Object.keys(files(recorder, "a"))).not.toContain("ca-crl.pem");
    expect(outputs.mesh.crls).toBeUndefined();
    expect(outputs.mesh.issued).toEqual(
      Object.fromEntries(
        ["a", "b", "r"].map((member) => [
          member,
          [
            {
              serial: serialOf(recorder, member),
              generation: 1,
              root: "default",
              ends: new Date(own(recorder, member).validTo).toISOString(),
            },
          ],
        ]),
      ),
    );
  });

  test("is revoked by the root in every member, which gets another and new tokens", async () => {
    const before = await up({});
    const { recorder, outputs, mesh } = await up({ trust: { revoked: [{ member: "a" }] } }, before.outputs);

    const lost = serialOf(before.recorder, "a");
    const [root] = certificatesOf(files(recorder, "a")["root-cert.pem"]!);
    for (const member of ["a", "b", "r"]) {
      const lists = crls(recorder, member);
      expect(lists.map(({ revoked }) => [...revoked.keys()])).toEqual([[lost], [], [], []]);
      expect(isListOf(lists[0]!, root!)).toBe(true);
      // One of each intermediate: a proxy refuses whom it finds none for.
      for (const [index, other] of ["a", "b", "r"].entries()) {
        expect(isListOf(lists[index + 1]!, own(recorder, other))).toBe(true);
      }
      expect(recorder.named(`mesh-${member}-cacerts`).secrets).toContain("stringData.ca-crl.pem");
    }
    expect(recorder.ofType("tls:index/privateKey:PrivateKey")).toEqual([
      "mesh-trust-a-intermediate-key-2",
      "mesh-trust-b-intermediate-key",
      "mesh-trust-default-key",
      "mesh-trust-r-intermediate-key",
    ]);
    expect(annotations(recorder, "a")).toMatchObject({ "weft.dev/intermediate-generation": "2" });
    expect(annotations(recorder, "b")).not.toHaveProperty("weft.dev/intermediate-generation");
    expect(bundle(recorder, "b")).toMatchObject({ "weft.dev/crls": "published" });
    for (const member of ["a", "b", "r"]) {
      expect(recorder.has(`mesh-${member}-remote-access-token-2`)).toBe(true);
    }
    const generations = outputs.mesh.issued["a"]!.map(({ generation, serial }) => [generation, serial]);
    expect(generations).toEqual([
      [1, lost],
      [2, serialOf(recorder, "a")],
    ]);
    expect(await pulumi.isSecret(mesh.crls!)).toBe(false);
    expect(outputs.mesh.crls).not.toContain("PRIVATE KEY");
  });

  test("of a member that has left is revoked by what the last up knew", async () => {
    const before = await up({});
    const { recorder } = await weave(
      { mesh: { trust: { revoked: [{ member: "a" }] } }, clusters: clusters.slice(1) },
      [],
      { last: before.outputs },
    );
    expect([...crls(recorder, "b")[0]!.revoked.keys()]).toEqual([serialOf(before.recorder, "a")]);
  });

  test("in federated trust is revoked by the member's own root alone, which stays", async () => {
    const federated = { mode: "federated" as const };
    const before = await up({ trust: federated });
    const { recorder } = await up({ trust: { ...federated, revoked: [{ member: "a" }] } }, before.outputs);
    const roots = certificatesOf(files(recorder, "b")["root-cert.pem"]!);
    const [ofA, ofB] = roots.map((root) => crls(recorder, "b").find((list) => isListOf(list, root)));
    expect([...ofA!.revoked.keys()]).toEqual([serialOf(before.recorder, "a")]);
    expect([...ofB!.revoked.keys()]).toEqual([]);
    expect(recorder.has("mesh-trust-a-key")).toBe(true);
  });

  test("under a root whose key is elsewhere is revoked by the list that is given; Weft signs those of the members", async () => {
    const root = await newRoot("given");
    const intermediate = await newIntermediate("p", root);
    const serial = "0A0B";
    const crl = await crlOf({
      ...root,
      serials: [serial],
      before: "",
      lifetimeDays: 30,
      now: new Date(),
    });
    const { recorder } = await weave({
      mesh: {
        trust: { root: { source: "provided", certificate: root.certificate, crl }, revoked: [{ serial }] },
      },
      clusters: [cluster("p", { trust: { intermediate } }), cluster("r", { role: "remote", primary: "p" })],
    });
    // A remote has the intermediate of its primary.
    for (const member of ["p", "r"]) {
      const [ofRoot, ofMember, ...others] = crls(recorder, member);
      expect(ofRoot!.pem).toBe(crl.trim());
      expect(isListOf(ofMember!, own(recorder, "p"))).toBe(true);
      expect(others).toEqual([]);
    }
  });

  test("is not all that makes a new one: a generation does, under the same root and without a list", async () => {
    const { recorder } = await weave({
      mesh: {},
      clusters: [cluster("a", { trust: { intermediateGeneration: 2 } }), cluster("b")],
    });
    expect(recorder.has("mesh-trust-a-intermediate-certificate-2")).toBe(true);
    expect(recorder.has("mesh-trust-b-intermediate-certificate")).toBe(true);
    expect(Object.keys(files(recorder, "a"))).not.toContain("ca-crl.pem");
    expect(recorder.has("mesh-a-remote-access-token-1")).toBe(true);
  });

  test("of an intermediate that cert-manager issued: it issues another, into a Secret of its own", async () => {
    const trust = (intermediateGeneration: number) => ({
      root: { source: "certManager" as const },
      certManager: { cluster: "a" },
      intermediateGeneration,
    });
    const names = async (generation: number) => {
      const { recorder } = await weave({ mesh: { trust: trust(generation) }, clusters: [cluster("a")] });
      return recorder.resources
        .filter(({ type, name }) => type.endsWith(":Certificate") && name.includes("intermediate"))
        .map(({ inputs }) => (inputs["spec"] as { secretName: string }).secretName);
    };
    expect(await names(1)).toEqual(["weft-member-a-default"]);
    expect(await names(2)).toEqual(["weft-member-a-default.2"]);
  });
});
