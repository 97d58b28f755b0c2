import fc from "fast-check";
import { mergeValues, valueConflicts, type HelmValues } from "../../mesh/istio-values";

describe("a person's values", () => {
  it("are merged deeply over Weft's, lists and scalars replaced", () => {
    expect(
      mergeValues(
        { pilot: { env: { A: "1" }, tolerations: [1, 2] }, global: { hub: "ours" } },
        { pilot: { env: { B: "2" }, tolerations: [3] }, global: { hub: "theirs" }, platform: "gke" },
      ),
    ).toEqual({
      pilot: { env: { A: "1", B: "2" }, tolerations: [3] },
      global: { hub: "theirs" },
      platform: "gke",
    });
  });

  it("leave both sides as they were", () => {
    const ours = { pilot: { env: { A: "1" } } };
    const extra = { pilot: { env: { B: "2" } } };
    mergeValues(ours, extra);
    expect([ours, extra]).toEqual([{ pilot: { env: { A: "1" } } }, { pilot: { env: { B: "2" } } }]);
  });

  const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.array(fc.integer()));
  const values = fc.letrec<{ node: unknown; map: HelmValues }>((tie) => ({
    node: fc.oneof({ depthSize: "small" }, scalar, tie("map")),
    map: fc.dictionary(fc.constantFrom("global", "pilot", "env", "meshID", "x"), tie("node")),
  })).map;

  it("all arrive: every leaf of theirs is in the result", () => {
    fc.assert(
      fc.property(values, values, (ours, extra) => {
        expect(mergeValues(ours, extra)).toMatchObject(extra);
      }),
    );
  });

  it("without a conflict change nothing that defines the mesh", () => {
    const paths = [
      ["global", "meshID"],
      ["global", "multiCluster"],
      ["global", "network"],
      ["meshConfig", "trustDomain"],
      ["pilot", "env", "ISTIO_MULTIROOT_MESH"],
    ];
    const ours: HelmValues = {
      global: { meshID: "mesh1", multiCluster: { clusterName: "cluster1" }, network: "network1" },
      meshConfig: { trustDomain: "example.org" },
      pilot: { env: { ISTIO_MULTIROOT_MESH: "true" } },
    };
    const at = (from: unknown, path: string[]) =>
      path.reduce<unknown>((node, key) => (node as HelmValues | undefined)?.[key], from);
    fc.assert(
      fc.property(values, (extra) => {
        fc.pre(valueConflicts(extra).length === 0);
        const merged = mergeValues(ours, extra);
        for (const path of paths) expect(at(merged, path)).toEqual(at(ours, path));
      }),
    );
  });

  it("that tune istiod are no conflict", () => {
    expect(
      valueConflicts({
        pilot: { env: { PILOT_ENABLE_CA_CRL: "true" }, resources: { requests: { cpu: "1" } } },
        global: { proxy: { logLevel: "debug" }, multiCluster: {} },
        meshConfig: { accessLogFile: "/dev/stdout", defaultConfig: { proxyMetadata: { ISTIO_META_X: "y" } } },
      }),
    ).toEqual([]);
  });

  it.each<[string, HelmValues]>([
    ["global.meshID", { global: { meshID: "other" } }],
    ["pilot.global.meshID", { pilot: { global: { meshID: "other" } } }],
    ["meshConfig.defaultConfig.meshId", { meshConfig: { defaultConfig: { meshId: "other" } } }],
    ["global.multiCluster.clusterName", { global: { multiCluster: { clusterName: "other" } } }],
    ["global.network", { global: { network: "other" } }],
    ["meshConfig.trustDomain", { meshConfig: { trustDomain: "other" } }],
    ["pilot.env.ISTIO_MULTIROOT_MESH", { pilot: { env: { ISTIO_MULTIROOT_MESH: "false" } } }],
    ["global.proxy.clusterDomain", { global: { proxy: { clusterDomain: "corp.example" } } }],
    ["env.CLUSTER_ID", { env: { CLUSTER_ID: "other" } }],
    ["revision", { revision: "other" }],
    ["istiodRemote", { istiodRemote: { enabled: true } }],
    ["global", { global: null }],
    ["global.multiCluster", { global: { multiCluster: "other" } }],
    ["meshConfig.defaultConfig", { meshConfig: { defaultConfig: [] } }],
  ])("are a conflict at %s", (path, extra) => {
    expect(valueConflicts(extra).map((conflict) => conflict.path.join("."))).toEqual([path]);
  });

  it("that conflict come with the setting that stands for them", () => {
    expect(valueConflicts({ global: { meshID: "other" } })).toEqual([
      { path: ["global", "meshID"], instead: "Set `weft:mesh.id`." },
    ]);
  });
});
