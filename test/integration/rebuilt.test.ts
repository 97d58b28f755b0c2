/** A member's cluster is made again under its old name, context and kubeconfig: noticed, and woven in when that is meant. */
import { readFile } from "node:fs/promises";
import { startLab } from "../../lab/control-plane";
import { stopCluster } from "../../lab/control-plane/cluster";
import { forget } from "../../lab/control-plane/etcd";
import { readState } from "../../lab/control-plane/state";
import { namespace, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import type { OperationOptions } from "./operator";

jest.setTimeout(900_000);

const members = ["cluster1", "cluster2", "cluster3"];
const entries = members.map((name) => ({ name, network: name }));

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(members);
  await up();
});

afterAll(() => mesh?.stop());

async function up(config: Record<string, unknown> = {}, more: OperationOptions = {}) {
  const stack = await mesh.stack(entries, config);
  return mesh.record((options) => stack.up({ ...options, ...more }));
}

/** Forgets a cluster and all that was in it, and makes another of its name. */
async function makeAgain(name: string): Promise<void> {
  await startLab({ ...lab(), clusters: members.filter((member) => member !== name) });
  await startLab({ ...lab(), clusters: members });
}

/** Another cluster at the same address, that knows the same CA and the same user: only what was in it is gone. */
async function makeAgainBehindSameKubeconfig(name: string): Promise<void> {
  const state = readState(mesh.dir)!;
  await stopCluster(state.clusters[name]!);
  await forget(mesh.dir, state.etcd, name);
  await startLab({ ...lab(), clusters: members });
}

const lab = () => ({ dir: mesh.dir, report: () => {}, istiods: mesh.parts.istiods });

const uid = async (member: string) =>
  (await mesh.core(member).readNamespace({ name: "kube-system" })).metadata!.uid;

async function isRefused(name: string): Promise<void> {
  const peers = await mesh.secret("cluster1", "weft-peers");
  const from = mesh.transcript.length;

  await expect(up()).rejects.toThrow();

  const shown = mesh.transcript.slice(from).join("\n");
  expect(shown).toMatch(
    new RegExp(
      `weft:clusters\\[${members.indexOf(name)}\\][^]*weft:mesh\\.rebuilt: \\[${name}\\][^]*--refresh`,
    ),
  );
  const namespaces = (await mesh.core(name).listNamespace()).items.map(({ metadata }) => metadata!.name);
  expect(namespaces).not.toContain(namespace);
  expect(await mesh.secret("cluster1", "weft-peers")).toEqual(peers);
}

test("a cluster that was made again is refused, with both ways out, and nothing is written", async () => {
  const before = await uid("cluster2");
  await makeAgain("cluster2");
  expect(await uid("cluster2")).not.toBe(before);
  await isRefused("cluster2");
});

test("with `rebuilt` and `--refresh` it is woven in anew; where the old way in is gone, by the variable that docs/changes.md names", async () => {
  const config = { rebuilt: ["cluster2"] };
  const from = mesh.transcript.length;
  await expect(up(config, { refresh: true })).rejects.toThrow();
  expect(mesh.transcript.slice(from).join("\n")).toContain("unreachable");

  await up(config, { refresh: true, env: { PULUMI_K8S_DELETE_UNREACHABLE: "true" } });

  // The variable stands in the state, and goes.
  expect((await up()).map(({ type, op }) => `${op} ${type}`)).toEqual(
    members.map(() => "update pulumi:providers:kubernetes"),
  );
  expect(await up()).toEqual([]);
  await everyReaderHoldsItsPeers(mesh, everybody(members));
});

test("one to which the old way in leads is refused as well; woven in, it needs no variable", async () => {
  const before = await uid("cluster3");
  const { kubeconfig } = mesh.cluster("cluster3");
  const wayIn = await readFile(kubeconfig, "utf8");
  await makeAgainBehindSameKubeconfig("cluster3");
  expect(await readFile(kubeconfig, "utf8")).toBe(wayIn);
  expect(await uid("cluster3")).not.toBe(before);
  await isRefused("cluster3");

  await up({ rebuilt: ["cluster3"] }, { refresh: true });

  expect(await up()).toEqual([]);
  await everyReaderHoldsItsPeers(mesh, everybody(members));
});
