/** A lost key, on real control planes, through the real engine: istiods hand on who is revoked, and lose nobody. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { crlsIn, isListOf, serialNumber } from "../../mesh/crl";
import { settles } from "./eventually";
import { type Change, decoded, TestMesh } from "./harness";
import { everyReaderHoldsItsPeers, watched } from "./holdings";
import { istiodIsSignedBy } from "./served-trust";

jest.setTimeout(900_000);

const clusters = [{ name: "a" }, { name: "b" }, { name: "r", role: "remote", primary: "b" }];
const members = clusters.map(({ name }) => name);
const reads = { a: ["b", "r"], b: ["a", "r"] };
const lost = { trust: { revoked: [{ member: "a" }] } };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start(members);
});
afterAll(() => mesh?.stop());

const up = async (config: object = {}): Promise<Change[]> => {
  const stack = await mesh.stack(clusters, config as Record<string, unknown>);
  return mesh.record((options) => stack.up(options));
};
const filesOf = async (member: string) => decoded(await mesh.secret(member, "cacerts"));
const tokensOf = async (member: string) =>
  (await mesh.core(member).listNamespacedSecret({ namespace: "istio-system" })).items
    .map(({ metadata }) => metadata!.name!)
    .filter((name) => name.startsWith("weft-reader-token"));

test("is revoked in every member; it gets another key, all get new tokens, and nobody loses anybody", async () => {
  await up();
  await everyReaderHoldsItsPeers(mesh, reads);
  const before = await filesOf("a");
  expect(Object.keys(before)).not.toContain("ca-crl.pem");
  const old = new X509Certificate(before["ca-cert.pem"]!);

  let changes: Change[] = [];
  const { samples, losses } = await watched(mesh, reads, async () => {
    changes = await up(lost);
  });
  expect(losses).toEqual([]);
  expect(samples).toBeGreaterThan(2);

  const done = changes.map(({ op, name }) => `${op} ${name}`);
  expect(done).toEqual(
    expect.arrayContaining([
      "create mesh-trust-a-intermediate-key-2",
      "delete mesh-trust-a-intermediate-key",
      ...members.flatMap((member) => [
        `update mesh-${member}-cacerts`,
        `create mesh-${member}-remote-access-token-2`,
        `delete mesh-${member}-remote-access-token-1`,
      ]),
    ]),
  );
  // Of no other member.
  expect(done.filter((change) => /trust-(b|r)-/.test(change))).toEqual([]);

  const after = await filesOf("a");
  const intermediate = new X509Certificate(after["ca-cert.pem"]!);
  expect(intermediate.publicKey.equals(old.publicKey)).toBe(false);
  expect(intermediate.checkPrivateKey(createPrivateKey(after["ca-key.pem"]!))).toBe(true);
  const root = new X509Certificate(after["root-cert.pem"]!);
  const own = await Promise.all(
    members.map(async (member) => new X509Certificate((await filesOf(member))["ca-cert.pem"]!)),
  );
  for (const member of members) {
    const [ofRoot, ...others] = crlsIn((await filesOf(member))["ca-crl.pem"]!);
    expect(isListOf(ofRoot!, root)).toBe(true);
    expect([...ofRoot!.revoked.keys()]).toEqual([serialNumber(old.serialNumber)]);
    expect(others.map((list) => own.map((ca) => isListOf(list, ca)))).toEqual([
      [true, false, false],
      [false, true, false],
      [false, false, true],
    ]);
    expect(await tokensOf(member)).toEqual(["weft-reader-token-2"]);
  }
});

test("is what istiods hand on to their own workloads and to those of their remotes", async () => {
  expect.hasAssertions();
  for (const member of members) {
    const { "ca-crl.pem": wanted } = await filesOf(member);
    await settles(async () => {
      const { data } = await mesh
        .core(member)
        .readNamespacedConfigMap({ name: "istio-ca-crl", namespace: "default" });
      return { found: data?.["ca-crl.pem"], wanted };
    });
  }
  await istiodIsSignedBy(mesh, "a", (await filesOf("a"))["ca-cert.pem"]!);
  await everyReaderHoldsItsPeers(mesh, reads);
});

test("stays revoked: the next up changes nothing, and none may trust it again", async () => {
  expect(await up(lost)).toEqual([]);
  await expect(up()).rejects.toThrow("whoever has its key would be trusted again");
});

test("an istiod that runs takes the next list", async () => {
  const changes = await up({ trust: { revoked: [{ member: "a" }, { serial: "0A0B" }] } });
  expect(changes.map(({ op, name }) => `${op} ${name}`).sort()).toEqual(
    members.map((member) => `update mesh-${member}-cacerts`),
  );
  await settles(async () => {
    const { data } = await mesh
      .core("b")
      .readNamespacedConfigMap({ name: "istio-ca-crl", namespace: "default" });
    const [ofRoot] = crlsIn(data?.["ca-crl.pem"] ?? "");
    return { found: ofRoot?.revoked.has("0A0B"), wanted: true };
  });
});

test("no key is in what was told, or in the outputs", async () => {
  const stack = await mesh.stack(clusters, lost);
  const keys = await Promise.all(members.map(async (member) => (await filesOf(member))["ca-key.pem"]!));
  const outputs = JSON.stringify(await stack.outputs());
  expect(outputs).toContain("X509 CRL");
  for (const text of [outputs, mesh.transcript.join("\n")]) {
    for (const key of keys) {
      const body = key.replace(/-----[^-]+-----|\s/g, "").slice(0, 60);
      for (const form of [body, Buffer.from(key).toString("base64")]) expect(text.includes(form)).toBe(false);
    }
  }
});
