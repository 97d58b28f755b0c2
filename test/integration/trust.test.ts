/** Sources of trust and a primary with a remote, on real control planes, through the real engine. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { startCertManager } from "../../lab/cert-manager/process";
import { standInCharts } from "../../lab/engine/parts";
import { eventually, rewrite } from "./eventually";
import { type Change, decoded, namespace, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import { istiodIsSignedBy, istiodServes, trustIn } from "./served-trust";

jest.setTimeout(900_000);

const trustOf = async (mesh: TestMesh, member: string) =>
  trustIn(decoded(await mesh.secret(member, "cacerts")));

/** Where in the order of completion it was done. */
function at(changes: Change[], op: string, name: string): number {
  const index = changes.findIndex((change) => change.op === op && change.name === name);
  if (index < 0)
    throw new Error(`no ${op} of ${name} among ${changes.map((c) => `${c.op} ${c.name}`).join(", ")}`);
  return index;
}

const custom = (changes: Change[]) => changes.filter(({ type }) => !type.startsWith("weft:"));

describe("federated trust, with a remote", () => {
  let mesh: TestMesh;
  const [p1, p2] = [{ name: "p1" }, { name: "p2" }];
  const r1 = { name: "r1", role: "remote", primary: "p1" };
  const federated = { trust: { mode: "federated" } };
  const removing = { ...federated, istio: { crds: "remove" } };

  const up = async (clusters: { name: string }[], config: object): Promise<Change[]> => {
    const stack = await mesh.stack(clusters, config as Record<string, unknown>);
    return mesh.record((options) => stack.up(options));
  };

  beforeAll(async () => {
    mesh = await TestMesh.start(["p1", "p2", "r1"]);
  });
  afterAll(() => mesh?.stop());

  /** Where every primary signs by a root of its own name. */
  const own = (primary: string, bundle: string[]) => ({ bundle, chain: [primary, primary] });

  /** Which the istiod that injects it puts in the place of `auto`. */
  async function gatewayImage(member: string): Promise<string> {
    const { items } = await mesh
      .core(member)
      .listNamespacedPod({ namespace, labelSelector: "istio=eastwestgateway" });
    return items[0]!.spec!.containers[0]!.image!;
  }

  test("a primary and its remote become one mesh; again, nothing changes", async () => {
    await up([p1, r1], federated);
    expect(await trustOf(mesh, "p1")).toEqual({ bundle: ["p1"], chain: ["p1", "p1"] });
    expect(await trustOf(mesh, "r1")).toEqual({ bundle: ["p1"], chain: ["r1", "p1"] });
    expect(Object.keys(decoded(await mesh.secret("p1", "weft-peers")))).toEqual(["r1"]);
    await everyReaderHoldsItsPeers(mesh, { p1: ["r1"] });
    await istiodServes(mesh, "p1", own("p1", ["p1"]));
    await istiodServes(mesh, "r1", own("p1", ["p1"]), "p1");
    expect(await gatewayImage("r1")).toMatch(/\/proxyv2:/);
    expect(await up([p1, r1], federated)).toEqual([]);
  });

  test("a joining member is known to all istiods before anybody reads it, or it anybody", async () => {
    const changes = await up([p1, p2, r1], federated);
    expect(at(changes, "update", "mesh-p1-istiod")).toBeGreaterThan(at(changes, "update", "mesh-p1-cacerts"));
    for (const [op, peers] of [
      ["update", "mesh-p1-peers-0"],
      ["create", "mesh-p2-peers-0"],
    ] as const) {
      expect(at(changes, op, peers)).toBeGreaterThan(at(changes, "update", "mesh-p1-istiod"));
      expect(at(changes, op, peers)).toBeGreaterThan(at(changes, "create", "mesh-p2-istiod"));
    }
    for (const member of ["p1", "p2", "r1"]) {
      expect((await trustOf(mesh, member)).bundle).toEqual(["p1", "p2"]);
    }
    await everyReaderHoldsItsPeers(mesh, { p1: ["p2", "r1"], p2: ["p1", "r1"] });
    for (const member of ["p1", "p2"]) await istiodServes(mesh, member, own(member, ["p1", "p2"]));
    await istiodServes(mesh, "r1", own("p1", ["p1", "p2"]), "p1");
    expect(await up([p1, p2, r1], federated)).toEqual([]);
  });

  test("primaries that no longer read each other lose the key first, then the root, then the gateways; and the other way round", async () => {
    const apart = [{ ...p1, reads: ["r1"] }, { ...p2, reads: [] }, r1];
    const changes = await up(apart, federated);
    const key = at(changes, "update", "mesh-p1-peers-0");
    const root = at(changes, "update", "mesh-p1-cacerts");
    const gateway = at(changes, "delete", "mesh-p2-eastwest-release");
    expect([key, root, gateway]).toEqual([key, root, gateway].sort((a, b) => a - b));
    await everyReaderHoldsItsPeers(mesh, { p1: ["r1"], p2: [] });
    for (const member of ["p1", "p2"]) await istiodServes(mesh, member, own(member, [member]));
    expect(await up(apart, federated)).toEqual([]);

    const back = await up([p1, p2, r1], federated);
    for (const [op, peers] of [
      ["update", "mesh-p1-peers-0"],
      ["create", "mesh-p2-peers-0"],
    ] as const) {
      expect(at(back, op, peers)).toBeGreaterThan(at(back, "update", "mesh-p1-istiod"));
      expect(at(back, op, peers)).toBeGreaterThan(at(back, "update", "mesh-p2-istiod"));
    }
    await everyReaderHoldsItsPeers(mesh, { p1: ["p2", "r1"], p2: ["p1", "r1"] });
    expect(await up([p1, p2, r1], federated)).toEqual([]);
  });

  test("a leaving member's key goes first, then its root, then its own objects, and its CRDs where asked", async () => {
    const prepared = custom(await up([p1, p2, r1], removing));
    expect(prepared.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
      "update mesh-p1-base",
      "update mesh-p2-base",
      "update mesh-r1-base",
    ]);

    const changes = await up([p1, r1], removing);
    const key = at(changes, "update", "mesh-p1-peers-0");
    const root = at(changes, "update", "mesh-p1-cacerts");
    const objects = changes.findIndex(({ op }) => op === "delete");
    expect([key, root, objects]).toEqual([key, root, objects].sort((a, b) => a - b));
    expect((await trustOf(mesh, "p1")).bundle).toEqual(["p1"]);
    await everyReaderHoldsItsPeers(mesh, { p1: ["r1"] });
    await istiodServes(mesh, "r1", own("p1", ["p1"]), "p1");

    const crds = await mesh.objects("p2").list("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    expect(crds.items.map(({ metadata }) => metadata!.name)).toEqual([]);
    expect(await up([p1, r1], removing)).toEqual([]);
  });

  describe("evicted", () => {
    const balanced = { ...federated, loadBalancer: { charts: { path: standInCharts } } };
    const [b1, b2, br1] = [
      { ...p1, addresses: "10.89.1.10-10.89.1.19" },
      { ...p2, addresses: "10.89.1.20-10.89.1.29", ingress: {} },
      { ...r1, addresses: "10.89.1.30-10.89.1.39" },
    ];

    /** Types of what the state has of a member, but for what was only read. */
    async function kindsOf(member: string): Promise<Set<string>> {
      const stack = await mesh.stack([b1], balanced);
      const { resources } = (await stack.exportStack()).deployment as {
        resources: { urn: string; type: string; external?: boolean }[];
      };
      const own = resources.filter(
        ({ urn, external }) => !external && new RegExp(`::(mesh-)?(trust-)?${member}\\b`).test(urn),
      );
      return new Set(own.map(({ type }) => type.split(":")[0]!));
    }

    test("a primary is not while it serves a remote", async () => {
      await up([b1, b2, br1], balanced);
      await everyReaderHoldsItsPeers(mesh, { p1: ["p2", "r1"], p2: ["p1", "r1"] });

      const stack = await mesh.stack([b1, b2, br1], { ...balanced, evicting: ["p1"] });
      await expect(mesh.record((options) => stack.preview(options))).rejects.toThrow(
        /weft:clusters\[2\]\.primary = p1\s+p1 is evicted, and r1 is to be served by it\./,
      );
    });

    test("a member takes its root with it; its ingress gateway and its MetalLB stay in the cluster", async () => {
      const without = { ...balanced, evicting: ["p2"] };

      const changes = await mesh.whileSilent("p2", () => up([b1, b2, br1], without));

      expect(at(changes, "update", "mesh-p1-cacerts")).toBeGreaterThan(
        at(changes, "update", "mesh-p1-peers-0"),
      );
      for (const member of ["p1", "r1"]) expect((await trustOf(mesh, member)).bundle).toEqual(["p1"]);
      await everyReaderHoldsItsPeers(mesh, { p1: ["r1"] });
      await istiodServes(mesh, "p1", own("p1", ["p1"]));
      await istiodServes(mesh, "r1", own("p1", ["p1"]), "p1");
      expect(await kindsOf("p2")).toEqual(new Set(["pulumi", "weft"]));
      expect((await trustOf(mesh, "p2")).bundle).toEqual(["p1", "p2"]);
      for (const [name, place] of [
        ["istio-ingressgateway", "istio-ingress"],
        ["istio-eastwestgateway", namespace],
      ] as const) {
        const service = await mesh.core("p2").readNamespacedService({ name, namespace: place });
        expect(service.status!.loadBalancer!.ingress).toHaveLength(1);
      }

      await up([b1, br1], balanced);
      expect(await kindsOf("p2")).toEqual(new Set());
    });

    test("a remote leaves its primary", async () => {
      const changes = await mesh.whileSilent("r1", () => up([b1], { ...balanced, evicting: ["r1"] }));

      expect(custom(changes).map(({ op, name }) => `${op} ${name}`)).toContain("delete mesh-p1-peers-0");
      await everyReaderHoldsItsPeers(mesh, { p1: [] });
      await istiodServes(mesh, "p1", own("p1", ["p1"]));
      expect(await kindsOf("r1")).toEqual(new Set(["pulumi", "weft"]));

      await up([b1], balanced);
      expect(await kindsOf("r1")).toEqual(new Set());
      expect(await up([b1], balanced)).toEqual([]);
    });
  });
});

describe("a rotation from a generated root to one that cert-manager holds", () => {
  let mesh: TestMesh;
  const clusters = [{ name: "a" }, { name: "b" }];
  const generated = { name: "default", source: "generated" };
  const held = { name: "held", source: "certManager" };

  const step = async (...roots: object[]): Promise<Change[]> => {
    const trust = roots.length === 0 ? {} : { trust: { roots, certManager: { cluster: "b" } } };
    const stack = await mesh.stack(clusters, trust);
    return mesh.record((options) => stack.up(options));
  };

  beforeAll(async () => {
    mesh = await TestMesh.start(["a", "b"], ["kubernetes", "tls", "kubernetes-cert-manager"]);
    await startCertManager({
      dir: mesh.dir,
      cluster: "b",
      report: (line) => void mesh.transcript.push(line),
    });
  });
  afterAll(() => mesh?.stop());

  /** By what is written, and by what istiods then serve; and they have lost nothing of each other. */
  async function isTrusted(bundle: string[], signing: string): Promise<void> {
    for (const member of ["a", "b"]) {
      const trust = { bundle, chain: [member, signing] };
      expect(await trustOf(mesh, member)).toEqual(trust);
      await istiodServes(mesh, member, trust);
    }
    await everyReaderHoldsItsPeers(mesh, everybody(["a", "b"]));
  }

  test("is refused in one step; in three, all istiods go along", async () => {
    await step();
    await isTrusted(["default"], "default");

    await expect(step({ ...held, signing: true })).rejects.toThrow(
      "In one step they may grow or shrink, not both: istiod refuses a bundle that does.",
    );
    await isTrusted(["default"], "default");

    await step({ ...generated, signing: true }, held);
    await isTrusted(["default", "held"], "default");

    const moved = await step(generated, { ...held, signing: true });
    // istiod takes an intermediate while it runs.
    expect(moved.map(({ name }) => name)).not.toContain("mesh-a-istiod");
    await isTrusted(["default", "held"], "held");

    await step({ ...held, signing: true });
    await isTrusted(["held"], "held");
    expect(await step({ ...held, signing: true })).toEqual([]);
  });

  test("carries an intermediate that cert-manager renews to its member, and touches nothing else", async () => {
    const before = decoded(await mesh.secret("a", "cacerts"));
    await renew("weft-member-a-held");

    const changes = custom(await step({ ...held, signing: true }));

    expect(changes.map(({ op, name }) => `${op} ${name}`)).toEqual(["update mesh-a-cacerts"]);
    const after = decoded(await mesh.secret("a", "cacerts"));
    expect(after["ca-cert.pem"]).not.toBe(before["ca-cert.pem"]);
    expect(after["root-cert.pem"]).toBe(before["root-cert.pem"]);
    const intermediate = new X509Certificate(after["ca-cert.pem"]!);
    expect(intermediate.checkPrivateKey(createPrivateKey(after["ca-key.pem"]!))).toBe(true);
    await isTrusted(["held"], "held");
    await istiodIsSignedBy(mesh, "a", after["ca-cert.pem"]!);
    expect(await step({ ...held, signing: true })).toEqual([]);
  });

  interface Certificate {
    status: { revision: number; conditions: { type: string; status: string }[] };
  }

  /** As `cmctl renew` does: https://cert-manager.io/docs/reference/cmctl/#renew */
  async function renew(name: string): Promise<void> {
    const certificates = {
      group: "cert-manager.io",
      version: "v1",
      namespace: "cert-manager",
      plural: "certificates",
      name,
    };
    const api = mesh.custom("b");
    const read = async () => (await api.getNamespacedCustomObject(certificates)) as Certificate;
    const { revision } = (await read()).status;
    const issuing = {
      type: "Issuing",
      status: "True",
      reason: "ManuallyTriggered",
      message: "renewed by hand",
      lastTransitionTime: new Date().toISOString(),
    };
    await rewrite(async () => {
      const asked = await read();
      const conditions = [...asked.status.conditions, issuing];
      const body = { ...asked, status: { ...asked.status, conditions } };
      await api.replaceNamespacedCustomObjectStatus({ ...certificates, body });
    });
    await eventually(async () => (await read()).status.revision > revision);
  }

  test("leaves the root's key in cert-manager: no state, log or event has it", async () => {
    const secret = await mesh
      .core("b")
      .readNamespacedSecret({ name: "weft-root-held", namespace: "cert-manager" });
    const key = decoded(secret)["tls.key"]!;
    expect(key).toContain("PRIVATE KEY");
    const stack = await mesh.stack(clusters, {
      trust: { roots: [{ ...held, signing: true }], certManager: { cluster: "b" } },
    });
    // With its secrets in plain.
    const state = JSON.stringify(await stack.exportStack());
    const own = decoded(await mesh.secret("a", "cacerts"))["ca-key.pem"]!;
    expect(state).toContain(Buffer.from(own).toString("base64"));

    const body = key.replace(/-----[^-]+-----|\s/g, "").slice(0, 60);
    for (const text of [state, mesh.transcript.join("\n")]) {
      for (const form of [body, Buffer.from(key).toString("base64")]) expect(text.includes(form)).toBe(false);
    }
  });
});
