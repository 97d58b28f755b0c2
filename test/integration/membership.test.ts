/**
 * Members by label, through the real engine: a cluster joins and leaves by what the management cluster says of it.
 * Each test starts where the one before it ended.
 */
import { parseMeshWithFound } from "../../clusters/membership";
import type { Change } from "./harness";
import { decoded, namespace, statusOf, TestMesh } from "./harness";
import { everyReaderHoldsItsPeers } from "./holdings";
import { ManagementCluster } from "./management-cluster";

jest.setTimeout(900_000);

let mesh: TestMesh;
let management: ManagementCluster;
beforeAll(async () => {
  mesh = await TestMesh.start(["mgmt", "child"]);
  management = new ManagementCluster(mesh.cluster("mgmt"));
  await management.prepare();
});
afterAll(() => mesh?.stop());

async function up(): Promise<Change[]> {
  const stack = await mesh.stack([{ name: "mgmt" }], { membership: { management: "mgmt" } });
  return mesh.record((options) => stack.up(options));
}

const membersOf = async () => {
  const stack = await mesh.stack([{ name: "mgmt" }], { membership: { management: "mgmt" } });
  return Object.keys((await stack.outputs()).members!.value as object);
};

/** What index.ts asks before it plans anything. */
async function find(membership: object, known: string[] = []): Promise<string[]> {
  const { members } = await parseMeshWithFound(
    {
      mesh: { membership: { management: "mgmt", ...membership } },
      clusters: [{ name: "mgmt", kubeconfigPath: mesh.cluster("mgmt").kubeconfig }],
    },
    { known, warn: () => {} },
  );
  return members.map(({ name }) => name);
}

test("a labelled cluster that is not up yet is left for a later `up`", async () => {
  await management.addCluster("ClusterDeployment", "child", { "k0rdent.mirantis.com/istio-role": "member" });
  await up();
  expect(await membersOf()).toEqual(["mgmt"]);
  expect(mesh.transcript.join("")).toContain(
    "ClusterDeployment team-a/child joins once its cluster is up: it has no Secret team-a/child-kubeconfig yet.",
  );
});

test("it joins once it has a kubeconfig, and the management cluster reads it", async () => {
  await management.addKubeconfig("child", mesh.cluster("child"));
  await up();
  expect(await membersOf()).toEqual(["child", "mgmt"]);
  expect(Object.keys(decoded(await mesh.secret("mgmt", "weft-peers")))).toEqual(["child"]);
  await everyReaderHoldsItsPeers(mesh, { mgmt: ["child"], child: ["mgmt"] });
  expect(await up()).toEqual([]);
});

test("a lost kubeconfig is refused, and the member stays", async () => {
  await management.removeKubeconfig("child");
  await expect(find({}, await membersOf())).rejects.toThrow(
    "Its kubeconfig, Secret team-a/child-kubeconfig, is not there: without it the member would leave the mesh.",
  );
  await management.addKubeconfig("child", mesh.cluster("child"));
  expect(await up()).toEqual([]);
});

test("it leaves when its label does, and takes with it what Weft made there", async () => {
  await management.label("ClusterDeployment", "child", { "k0rdent.mirantis.com/istio-role": null });
  const changes = await up();
  expect(changes.filter(({ op }) => op === "delete").length).toBeGreaterThan(0);
  expect(await membersOf()).toEqual(["mgmt"]);
  expect(await statusOf(mesh.secret("mgmt", "weft-peers"))).toBe(404);
  await everyReaderHoldsItsPeers(mesh, { mgmt: [] });
  expect(await statusOf(mesh.core("child").readNamespace({ name: namespace }))).toBe(404);
});

test("a Cluster of Cluster API is found by a selector", async () => {
  await management.addCluster("Cluster", "child", { mesh: "yes" });
  const found = (selector: string) => find({ clusters: { selector } });
  expect(await found("mesh in (yes)")).toEqual(["child", "mgmt"]);
  expect(await found("mesh=no")).toEqual(["mgmt"]);
  await expect(found("mesh in")).rejects.toThrow("The API server does not take the label selector mesh in.");
});
