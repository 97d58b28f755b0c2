/** A member whose control plane is killed: left as it was, and evicted, through the real engine and provider. */
import { createHash } from "node:crypto";
import { startLab } from "../../lab/control-plane";
import { stop } from "../../lab/control-plane/daemon";
import { readState } from "../../lab/control-plane/state";
import { type Change, decoded, namespace, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers, watchGateways } from "./holdings";
import type { TestStack } from "./operator";

jest.setTimeout(900_000);

const names = ["cluster1", "cluster2", "cluster3"];
const three = names.map((name) => ({ name }));
const survivors = ["cluster1", "cluster2"];
const accessLog = { meshConfig: { accessLogFile: "/dev/stdout" } };
/** What changes for another member while cluster3 does not answer. */
const changed = [{ name: "cluster1", istio: { values: accessLog } }, ...three.slice(1)];

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start(names);
});
afterAll(() => mesh?.stop());

async function killCluster3(): Promise<void> {
  const { daemons } = readState(mesh.dir)!.clusters["cluster3"]!;
  await Promise.all(Object.values(daemons).map(stop));
}

const revive = () => startLab({ dir: mesh.dir, clusters: names, report: () => {} });

const up = (stack: TestStack): Promise<Change[]> => mesh.record((options) => stack.up(options));

/** What an operation that fails shows. */
async function failure(operation: Promise<unknown>): Promise<string> {
  const from = mesh.transcript.length;
  const reason = await operation.then(() => "nothing failed", String);
  return [reason, ...mesh.transcript.slice(from)].join("\n");
}

interface Resource {
  urn: string;
  type: string;
  external?: boolean;
  id?: string;
  inputs?: unknown;
  outputs?: unknown;
}

/** What the state has of cluster3, but for what was only read. */
async function stateOfCluster3(stack: TestStack): Promise<Resource[]> {
  const { resources = [] } = (await stack.exportStack()).deployment as { resources?: Resource[] };
  return resources.filter(({ urn, external }) => /::(mesh-)?(trust-)?cluster3\b/.test(urn) && !external);
}

/** What the state says of its objects and releases, by URN: as digests, for some of it is secret. */
const contentsOf = (resources: Resource[]) =>
  Object.fromEntries(
    resources
      .filter((resource) => resource.type.startsWith("kubernetes:"))
      .map(({ urn, id, inputs, outputs }) => [
        urn,
        createHash("sha256")
          .update(JSON.stringify([id, inputs, outputs]))
          .digest("hex"),
      ]),
  );
const kinds = (resources: Resource[]) => resources.map(({ type }) => type.split(":")[0]);
const isProvider = ({ type }: { type: string }) => type.startsWith("pulumi:providers:");
const peersOf = async (reader: string) =>
  Object.keys(decoded(await mesh.secret(reader, "weft-peers"))).sort();
const logsOf = async (name: string) =>
  (await mesh.core(name).readNamespacedConfigMap({ name: "istio", namespace })).data!["mesh"]!.includes(
    "accessLogFile: /dev/stdout",
  );

test("a cluster that is gone stops every update, as long as nothing is said of it", async () => {
  await up(await mesh.stack(three));
  await everyReaderHoldsItsPeers(mesh, everybody(names));
  await killCluster3();

  expect(await failure(up(await mesh.stack(changed)))).toMatch(
    /weft:clusters\[2\].*\n?.*The API server cannot be reached \(ECONNREFUSED\)/,
  );
  expect(await logsOf("cluster1")).toBe(false);
});

test("tolerated, it is left as it was: the others get what is new, and the run fails in the end", async () => {
  const stack = await mesh.stack(changed, { tolerateUnreachable: true });
  const before = contentsOf(await stateOfCluster3(stack));
  const watch = await watchGateways(mesh, everybody(survivors));

  const shown = await failure(up(stack));

  expect(shown).not.toMatch(/^nothing failed/);
  expect(shown).toContain("cluster3 is left as it is (weft:mesh.tolerateUnreachable)");
  expect(shown).toContain(
    "Left as it was, because nobody answers there: cluster3. All others have what is new.",
  );
  expect(await logsOf("cluster1")).toBe(true);
  expect(contentsOf(await stateOfCluster3(stack))).toEqual(before);
  expect(Object.keys(before)).toHaveLength(9);
  const { looks, lost } = await watch.stop();
  expect(lost).toEqual([]);
  expect(looks).toBeGreaterThan(4);
});

test("what would have to be created in it is refused before anything is changed", async () => {
  const renewed = [changed[0]!, { name: "cluster2" }, { name: "cluster3", remoteAccess: { generation: 2 } }];
  const stack = await mesh.stack(renewed, { tolerateUnreachable: true });

  expect(await failure(stack.preview())).toMatch(
    /cluster3 does not answer .*mesh-cluster3-remote-access-token-2 would be created there/,
  );
});

test("once it answers it is the member that it was", async () => {
  await revive();

  const changes = await up(await mesh.stack(changed, { tolerateUnreachable: true }));

  expect(changes.filter((change) => !isProvider(change))).toEqual([]);
  await everyReaderHoldsItsPeers(mesh, everybody(names));
});

test("one that takes connections and says nothing is left as it was as well", async () => {
  const stack = await mesh.stack(three, { tolerateUnreachable: true });
  const before = contentsOf(await stateOfCluster3(stack));

  const shown = await mesh.whileSilent("cluster3", () => failure(up(stack)));

  expect(shown).toMatch(
    /cluster3 is left as it is \(weft:mesh\.tolerateUnreachable\): .*did not answer within 30 s/,
  );
  expect(shown).toContain("Left as it was, because nobody answers there: cluster3.");
  expect(await logsOf("cluster1")).toBe(false);
  expect(contentsOf(await stateOfCluster3(stack))).toEqual(before);
  await up(await mesh.stack(changed));
});

test("evicted, it leaves the state and its peers, and nothing asks it", async () => {
  const cacerts = await mesh.secret("cluster3", "cacerts");
  await killCluster3();
  const stack = await mesh.stack(changed, { evicting: ["cluster3"] });
  await stack.preview();
  const watch = await watchGateways(mesh, everybody(survivors));

  const changes = await up(stack);

  const others = changes.filter(({ name }) => !/cluster3\b/.test(name));
  expect(others.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
    "update mesh-cluster1-peers-0",
    "update mesh-cluster2-peers-0",
  ]);
  expect(await Promise.all(survivors.map(peersOf))).toEqual([["cluster2"], ["cluster1"]]);
  await everyReaderHoldsItsPeers(mesh, everybody(survivors));
  expect(new Set(kinds(await stateOfCluster3(stack)))).toEqual(new Set(["pulumi", "weft"]));
  const { looks, lost } = await watch.stop();
  expect(lost).toEqual([]);
  expect(looks).toBeGreaterThan(4);

  // In the cluster nothing was touched, also where it is there again.
  await revive();
  expect(await mesh.secret("cluster3", "cacerts")).toEqual(cacerts);
});

test("after that it may be listed or not, and with its name out of `evicting` nothing of it is left", async () => {
  const two = changed.slice(0, 2);
  expect(await up(await mesh.stack(two, { evicting: ["cluster3"] }))).toEqual([]);

  const stack = await mesh.stack(two);
  const changes = await up(stack);

  expect(changes.map(({ op, name }) => `${op} ${name}`).sort()).toEqual([
    "delete cluster3",
    "delete cluster3-evicted",
    // Components, without a provider: nobody is asked.
    "delete mesh-cluster3",
    "delete mesh-cluster3-eastwest",
  ]);
  const { issued } = (await stack.outputs()).mesh!.value as { issued: object };
  // By it the intermediate can still be revoked.
  expect(Object.keys(issued)).toContain("cluster3");
  const { resources } = (await stack.exportStack()).deployment as { resources: { type: string }[] };
  const others = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack");
  expect(others.length).toBeGreaterThan(0);
  expect(JSON.stringify(others)).not.toMatch(/cluster3/);
  expect(await mesh.core("cluster3").readNamespace({ name: namespace })).toBeDefined();
  await everyReaderHoldsItsPeers(mesh, everybody(survivors));
});
