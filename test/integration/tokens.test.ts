/** Tokens that end, on real control planes, through the real engine: at no moment does a reader hold one that its peer refuses. */
import { join } from "node:path";
import { resolveKubeconfig } from "../../clusters/kubeconfig";
import { accepts } from "../../clusters/reader-tokens";
import { hourMs, lifeOf, readerToken } from "../../mesh/reader-token";
import { settles } from "./eventually";
import { type Change, decoded, kubeConfigFrom, TestMesh } from "./harness";
import { everyReaderHoldsItsPeers, everybody, watched } from "./holdings";
import { contentsBelow, leaked } from "./leaks";

jest.setTimeout(900_000);

const members = ["a", "b"];
const clusters = members.map((name) => ({ name }));
const reads = everybody(members);
const peerOf: Record<string, string> = { a: "b", b: "a" };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start(members);
});
afterAll(() => mesh?.stop());

const stackOf = (remoteAccess: object) => mesh.stack(clusters, { remoteAccess });
const up = async (remoteAccess: object): Promise<Change[]> => {
  const stack = await stackOf(remoteAccess);
  return mesh.record((options) => stack.up(options));
};
const told = (changes: Change[]) => changes.map(({ op, name }) => `${op} ${name}`).sort();

/** Every token that a reader ever held. */
const seen = new Set<string>();

/** By the member that is read. */
async function heldTokens(): Promise<Record<string, string>> {
  const found = members.map(async (reader) => {
    const peer = peerOf[reader]!;
    const kubeconfig = decoded(await mesh.secret(reader, "weft-peers"))[peer]!;
    const token = kubeConfigFrom(kubeconfig).getCurrentUser()!.token!;
    seen.add(token);
    return [peer, token] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

const kubeconfigOf = (member: string) =>
  resolveKubeconfig({ path: member, kubeconfigPath: mesh.cluster(member).kubeconfig });
const isAccepted = async (member: string, token: string) =>
  accepts(await kubeconfigOf(member), token, 60_000);
const secretsIn = async (member: string) =>
  (await mesh.core(member).listNamespacedSecret({ namespace: "istio-system" })).items
    .map(({ metadata }) => metadata!.name!)
    .filter((name) => name.startsWith("weft-reader"));

/** An `up` during which nobody loses anybody. */
async function safeUp(remoteAccess: object): Promise<Change[]> {
  let changes: Change[] = [];
  const { samples, losses } = await watched(mesh, reads, async () => {
    changes = await up(remoteAccess);
  });
  expect(losses).toEqual([]);
  expect(samples).toBeGreaterThan(2);
  return changes;
}

test("take the place of those that do not end, which go when every reader has them", async () => {
  await up({});
  await everyReaderHoldsItsPeers(mesh, reads);
  await heldTokens();

  const changes = await safeUp({ tokenLifetimeHours: 3 });
  expect(told(changes)).toEqual(
    members
      .flatMap((member) => [
        `create mesh-${member}-remote-access-binding-1`,
        `delete mesh-${member}-remote-access-token-1`,
        `update mesh-${member}-peers-0`,
      ])
      .sort(),
  );
  for (const [member, token] of Object.entries(await heldTokens())) {
    expect(lifeOf(readerToken(token)!)).toBe(3 * hourMs);
    expect(await isAccepted(member, token)).toBe(true);
    expect(await secretsIn(member)).toEqual(["weft-reader-binding-1"]);
  }
  await everyReaderHoldsItsPeers(mesh, reads);
});

test("stay what they are while none is due", async () => {
  const before = await heldTokens();
  expect(await up({ tokenLifetimeHours: 3 })).toEqual([]);
  expect(await heldTokens()).toEqual(before);
});

test("are renewed where they are to live for less: a preview shows the Secrets, and the old ones end by themselves", async () => {
  const before = await heldTokens();
  const from = mesh.transcript.length;
  const stack = await stackOf({ tokenLifetimeHours: 2 });
  await mesh.record((options) => stack.preview(options));
  const shown = mesh.transcript.slice(from).flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const { resourcePreEvent } = JSON.parse(line) as {
      resourcePreEvent?: { metadata: { op: string; urn: string } };
    };
    if (resourcePreEvent === undefined || resourcePreEvent.metadata.op !== "update") return [];
    return resourcePreEvent.metadata.urn.split("::").at(-1)!;
  });
  expect(shown.sort()).toEqual(["mesh-a-peers-0", "mesh-b-peers-0"]);
  // None was asked for.
  expect(await heldTokens()).toEqual(before);

  expect(told(await safeUp({ tokenLifetimeHours: 2 }))).toEqual([
    "update mesh-a-peers-0",
    "update mesh-b-peers-0",
  ]);
  const after = await heldTokens();
  for (const member of members) {
    expect(after[member]).not.toBe(before[member]);
    expect(lifeOf(readerToken(after[member]!)!)).toBe(2 * hourMs);
    expect(await isAccepted(member, before[member]!)).toBe(true);
  }
});

test("are given anew where somebody has deleted what they are bound to, with --refresh", async () => {
  const before = await heldTokens();
  await mesh.core("b").deleteNamespacedSecret({ name: "weft-reader-binding-1", namespace: "istio-system" });
  await settles(async () => ({ found: await isAccepted("b", before["b"]!), wanted: false }));

  await expect(up({ tokenLifetimeHours: 2 })).rejects.toThrow(
    /The API server gives no token for the readers of b .*\n.*weft-reader-binding-1 is gone from istio-system: `pulumi up --refresh`/,
  );
  expect(await heldTokens()).toEqual(before);
  const stack = await stackOf({ tokenLifetimeHours: 2 });
  const changes = await mesh.record((options) => stack.up({ ...options, refresh: true }));
  expect(told(changes)).toEqual(["create mesh-b-remote-access-binding-1", "update mesh-a-peers-0"]);
  const after = await heldTokens();
  expect(after["a"]).toBe(before["a"]);
  expect(await isAccepted("b", after["b"]!)).toBe(true);
  await everyReaderHoldsItsPeers(mesh, reads);
});

test("are revoked by a higher generation, after every reader has others", async () => {
  const before = await heldTokens();
  const changes = await safeUp({ tokenLifetimeHours: 2, generation: 2 });
  expect(told(changes).filter((change) => change.startsWith("delete"))).toEqual(
    members.map((member) => `delete mesh-${member}-remote-access-binding-1`),
  );
  const after = await heldTokens();
  for (const member of members) {
    // API servers remember for 10 s whom they have accepted.
    await settles(async () => ({ found: await isAccepted(member, before[member]!), wanted: false }));
    expect(await isAccepted(member, after[member]!)).toBe(true);
  }
});

test("give way to those that do not end in the same order", async () => {
  const before = await heldTokens();
  await safeUp({ generation: 2 });
  for (const [member, token] of Object.entries(await heldTokens())) {
    expect(readerToken(token)).toBeUndefined();
    await settles(async () => ({ found: await isAccepted(member, before[member]!), wanted: false }));
    expect(await secretsIn(member)).toEqual(["weft-reader-token-2"]);
  }
  await everyReaderHoldsItsPeers(mesh, reads);
});

test("are in nothing that was told, stored or put out", async () => {
  const stack = await stackOf({ generation: 2 });
  const texts = [
    mesh.transcript.join("\n"),
    JSON.stringify(await stack.outputs()),
    await contentsBelow(join(mesh.dir, "state")),
  ];
  expect(seen.size).toBeGreaterThan(8);
  for (const text of texts) expect(leaked([...seen], text)).toBe(0);
});
