import { labConfig, type StackFile } from "../../../lab/engine/config";
import { type Parts, standInCharts } from "../../../lab/engine/parts";

const parts: Parts = { bin: "/bin", charts: { path: "/charts" }, realCharts: false, summary: "" };
const lab = ["cluster1", "cluster2", "cluster3"].map((name) => ({
  name,
  context: `lab-${name}`,
  kubeconfig: `/lab/${name}.kubeconfig`,
  apiServer: "https://127.0.0.1:1",
  ready: true,
}));

const stack = (mesh: object, ...clusters: { name: string }[]): StackFile => ({
  config: { "weft:mesh": mesh, "weft:clusters": clusters } as StackFile["config"],
});
const [cluster1, cluster2] = [
  { name: "cluster1", context: "mine" },
  { name: "cluster2", network: "east" },
];

test("the mesh stays as it is written, on the lab's clusters and with the lab's charts", () => {
  const { clusters, config, plugins, metallb, certManager } = labConfig(
    stack({ id: "mine", istio: { version: "1.30.5", values: { a: 1 } } }, cluster1, cluster2),
    {},
  );
  expect({ clusters, plugins, metallb, certManager }).toEqual({
    clusters: ["cluster1", "cluster2"],
    plugins: ["kubernetes", "tls"],
    metallb: false,
    certManager: undefined,
  });
  expect(config(lab, parts, ["cluster3"])).toEqual({
    "weft:mesh": {
      id: "mine",
      istio: { version: "1.30.5", charts: { path: "/charts" }, values: { a: 1 } },
      remoteAccess: { allowLoopback: true },
      removing: ["cluster3"],
    },
    "weft:clusters": [
      { name: "cluster1", context: "lab-cluster1", kubeconfigPath: "/lab/cluster1.kubeconfig" },
      {
        name: "cluster2",
        network: "east",
        context: "lab-cluster2",
        kubeconfigPath: "/lab/cluster2.kubeconfig",
      },
    ],
  });
});

test("MetalLB comes from the lab's stand-in, wherever the stack takes it from", () => {
  const loadBalancer = { version: "0.15.2", charts: { oci: "oci://registry.example/metallb/charts" } };
  const { config, metallb } = labConfig(stack({ loadBalancer }, cluster1), {});
  expect(metallb).toBe(true);
  expect(config(lab, parts)["weft:mesh"]).toMatchObject({
    loadBalancer: { version: "0.15.2", charts: { path: standInCharts } },
  });
});

test("cert-manager gets its plugin, and issues where the stack says", () => {
  const trust = {
    root: { source: "certManager" },
    certManager: { cluster: "cluster2", namespace: "issuing" },
  };
  const { certManager, plugins } = labConfig(stack({ trust }, cluster1, cluster2), {});
  expect(certManager).toEqual({ cluster: "cluster2", namespace: "issuing" });
  expect(plugins).toContain("kubernetes-cert-manager");
});

test("real charts leave the API servers' webhooks to nobody, since nobody would answer them", () => {
  const { config } = labConfig(stack({ istio: { values: { global: { a: 1 } } } }, cluster1), {});
  expect(config(lab, { ...parts, realCharts: true })["weft:mesh"]).toMatchObject({
    istio: { values: { global: { a: 1, operatorManageWebhooks: true } } },
  });
});

test.each([
  [1, ["cluster2"]],
  [2, ["cluster2", "cluster1"]],
  [4, ["cluster2", "cluster1", "cluster3", "cluster4"]],
])("of two listed clusters, --clusters %d makes %j", (clusters, names) => {
  expect(labConfig(stack({}, cluster2, cluster1), { clusters }).clusters).toEqual(names);
});
