import * as path from "node:path";
import { defaultIstio, labConfig, type StackFile } from "../../../lab/engine/config";
import { type Parts, standInCharts } from "../../../lab/engine/parts";
import { projectRoot } from "../../../lab/engine/stack";

const parts: Parts = {
  istiods: "/lab/istiods",
  bin: "/bin",
  istio: { version: "1.31.0", charts: { path: "/charts" } },
  summary: "",
};
const lab = ["cluster1", "cluster2", "cluster3"].map((name) => ({
  name,
  context: `lab-${name}`,
  kubeconfig: `/lab/${name}.kubeconfig`,
  apiServer: "https://127.0.0.1:1",
  ready: true,
}));

const stack = (mesh: object, ...clusters: { name: string; [key: string]: unknown }[]): StackFile => ({
  config: { "weft:mesh": mesh, "weft:clusters": clusters } as StackFile["config"],
});
const [cluster1, cluster2] = [
  { name: "cluster1", context: "mine" },
  { name: "cluster2", network: "east" },
];

test("the mesh stays as it is written, on the lab's clusters and with the lab's Istio", () => {
  const istio = { version: "1.30.5", hub: "registry.example/istio", values: { a: 1 } };
  const { clusters, config, plugins, metallb, certManager, ...rest } = labConfig(
    stack({ id: "mine", istio }, cluster1, { ...cluster2, istio: { version: "1.30.4", values: { b: 2 } } }),
    {},
  );
  expect(rest.istio).toEqual({ ...defaultIstio, version: "1.30.5", hub: "registry.example/istio" });
  expect({ clusters, plugins, metallb, certManager }).toEqual({
    clusters: ["cluster1", "cluster2"],
    plugins: ["kubernetes", "tls"],
    metallb: false,
    certManager: undefined,
  });
  expect(config(lab, parts, ["cluster3"])).toEqual({
    "weft:mesh": {
      id: "mine",
      istio: { ...istio, version: "1.31.0", charts: { path: "/charts" } },
      remoteAccess: { allowLoopback: true },
      removing: ["cluster3"],
    },
    "weft:clusters": [
      { name: "cluster1", context: "lab-cluster1", kubeconfigPath: "/lab/cluster1.kubeconfig" },
      {
        name: "cluster2",
        network: "east",
        istio: { values: { b: 2 } },
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

test("a folder of charts is taken in place of the stack's source, from the project's folder where it is relative", () => {
  const charts = { path: "charts" };
  expect(labConfig(stack({ istio: { charts } }, cluster1), {}).istio.charts).toEqual({
    path: path.join(projectRoot, "charts"),
  });
  expect(labConfig(stack({ istio: { charts } }, cluster1), { charts: "/mine" }).istio.charts).toEqual({
    path: "/mine",
  });
});

test.each([
  [1, ["cluster2"]],
  [2, ["cluster2", "cluster1"]],
  [4, ["cluster2", "cluster1", "cluster3", "cluster4"]],
])("of two listed clusters, --clusters %d makes %j", (clusters, names) => {
  expect(labConfig(stack({}, cluster2, cluster1), { clusters }).clusters).toEqual(names);
});
