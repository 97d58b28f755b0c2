import { kindConfig, memberNames, type KindCluster } from "../../../lab/kind/config";
import { cutAddresses } from "../../../mesh/address-pools";
import { parseMesh } from "../../../mesh/parse";

const istio = { version: "1.30.5", charts: { repository: "https://charts.example" } };
const clusters = (count: number): KindCluster[] =>
  memberNames(count).map((name) => ({
    name,
    context: `kind-weft-${name}`,
    kubeconfig: `/kubeconfigs/${name}`,
    apiServer: `https://weft-${name}-control-plane:6443`,
  }));

/** The mesh that the program makes of it. */
function meshOf(count: number, topology: "multi-primary" | "primary-remote") {
  const config = kindConfig(clusters(count), { topology, istio, leaving: [] });
  return parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] });
}

test("members are primaries on networks of their own, whose APIs peers reach in the containers' network", () => {
  const { config, members } = meshOf(3, "multi-primary");
  expect(members.map(({ name, role, network, apiServer }) => [name, role, network, apiServer?.url])).toEqual([
    ["cluster1", "primary", "network1", "https://weft-cluster1-control-plane:6443"],
    ["cluster2", "primary", "network2", "https://weft-cluster2-control-plane:6443"],
    ["cluster3", "primary", "network3", "https://weft-cluster3-control-plane:6443"],
  ]);
  expect(members[1]).toMatchObject({
    context: "kind-weft-cluster2",
    kubeconfigPath: "/kubeconfigs/cluster2",
  });
  expect(config).toMatchObject({ istio, loadBalancer: { network: "kind" } });
  expect(config.sample).toBeDefined();
});

test("primary-remote: the first member serves all others", () => {
  const { members } = meshOf(3, "primary-remote");
  expect(members.map(({ role, primary }) => [role, primary])).toEqual([
    ["primary", "cluster1"],
    ["remote", "cluster1"],
    ["remote", "cluster1"],
  ]);
});

test("the first member has an ingress gateway where the host's ports lead", () => {
  const { members } = meshOf(2, "multi-primary");
  expect(members[0]!.ingress).toMatchObject({
    service: { type: "NodePort", nodePorts: { http: 30080, https: 30443 } },
    routes: [{ host: "helloworld.localhost", service: "helloworld.sample" }],
  });
  expect(members[1]!.ingress).toBeUndefined();
});

test("every member gets addresses of the containers' network", () => {
  const mesh = cutAddresses(meshOf(4, "multi-primary"), { subnet: "10.89.0.0/24", gateway: "10.89.0.1" });
  expect(mesh.members.map(({ addresses }) => addresses)).toEqual([
    "10.89.0.225-10.89.0.250",
    "10.89.0.200-10.89.0.224",
    "10.89.0.175-10.89.0.199",
    "10.89.0.150-10.89.0.174",
  ]);
});

test("members that are not wanted any more are meant to leave", () => {
  const config = kindConfig(clusters(1), { topology: "multi-primary", istio, leaving: ["cluster2"] });
  expect(config["weft:mesh"]).toMatchObject({ removing: ["cluster2"] });
});
