import fc from "fast-check";
import { peersOf, primaries } from "../../../mesh/topology";
import { parseMesh } from "../../../mesh/parse";
import type { LiveMember } from "../../../mesh/live-member";
import type { StackInput } from "../../../mesh/schema";
import type { Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

const gateways = "weft:gateway:EastWestGateway";

/** The keys of each member's PeerSecrets; undefined where it has none. */
function keysOf(recorder: Recorder, names: string[]): Record<string, string[] | undefined> {
  const of = (name: string) => {
    const secret = `mesh-${name}-peers-0`;
    if (!recorder.has(secret)) return undefined;
    return Object.keys(recorder.named(secret).inputs["stringData"] as object).sort();
  };
  return Object.fromEntries(names.map((name) => [name, of(name)]));
}

const metadataOf = (recorder: Recorder, name: string) =>
  recorder.named(name).inputs["metadata"] as { annotations?: Record<string, string> };
const rootsOf = (recorder: Recorder, member: string) =>
  metadataOf(recorder, `mesh-${member}-cacerts`).annotations!["weft.dev/roots"];

const hub: StackInput = {
  clusters: [cluster("hub"), cluster("s1", { reads: ["hub"] }), cluster("s2", { reads: ["hub"] })],
};

test("of a hub and spokes, every reader has the keys of those that it reads, and says so where they are not all", async () => {
  const { recorder } = await weave(hub);
  expect(keysOf(recorder, ["hub", "s1", "s2"])).toEqual({ hub: ["s1", "s2"], s1: ["hub"], s2: ["hub"] });
  expect(metadataOf(recorder, "mesh-hub-peers-0").annotations).toBeUndefined();
  expect(metadataOf(recorder, "mesh-s1-peers-0").annotations).toEqual({ "weft.dev/reads": "hub" });
});

test("in federated trust the bundles hold the roots of who meets whom", async () => {
  const { recorder } = await weave({ ...hub, mesh: { trust: { mode: "federated" } } });
  expect(["hub", "s1", "s2"].map((name) => rootsOf(recorder, name))).toEqual([
    "hub,s1,s2",
    "hub,s1",
    "hub,s2",
  ]);
});

test("a key comes after the gateway that leads to what it is for, where that does not stand yet", async () => {
  const waits = async (live?: LiveMember[]) =>
    (await weave(hub, live)).recorder.isAfter("mesh-s1-peers-0", "mesh-hub-eastwest-release");
  expect(await waits()).toBe(true);
  expect(await waits([{ name: "hub", tokenGenerations: [1], eastWest: { address: "192.0.2.7" } }])).toBe(
    false,
  );
});

test("who reads nobody has no PeerSecret, who is read by nobody has no token, and where nobody comes from there is no gateway", async () => {
  const { recorder } = await weave({
    clusters: [cluster("a", { reads: ["b"] }), cluster("b", { reads: [] }), cluster("c", { reads: [] })],
  });
  expect(keysOf(recorder, ["a", "b", "c"])).toEqual({ a: ["b"], b: undefined, c: undefined });
  const tokens = recorder
    .ofType("kubernetes:core/v1:Secret")
    .filter((name) => name.includes("remote-access"));
  expect(tokens).toEqual(["mesh-b-remote-access-token-1"]);
  expect(recorder.ofType(gateways)).toEqual(["mesh-b-eastwest"]);
  expect(["a", "b", "c"].map((name) => recorder.has(`mesh-${name}-eastwest-cross-network`))).toEqual([
    false,
    true,
    false,
  ]);
});

test("an istiod is told the fixed gateways of those alone that it knows", async () => {
  const fixed = (name: string, reads?: string[]) =>
    cluster(name, { eastWest: { addresses: [`${name}.example`] }, ...(reads && { reads }) });
  const { recorder } = await weave({ clusters: [fixed("a", ["b"]), fixed("b", ["a"]), fixed("c", ["a"])] });
  const known = (name: string) => {
    const values = recorder.named(`mesh-${name}-istiod`).inputs["values"] as {
      global: { meshNetworks: object };
    };
    return Object.keys(values.global.meshNetworks).sort();
  };
  expect(["a", "b", "c"].map(known)).toEqual([
    ["a", "b"],
    ["a", "b"],
    ["a", "c"],
  ]);
});

test("one group of all makes what no groups make", async () => {
  const clusters = [
    cluster("a"),
    cluster("b", { network: "a" }),
    cluster("r", { role: "remote", primary: "a" }),
  ];
  const made = async (mesh: StackInput["mesh"]) => {
    const { recorder } = await weave({ mesh, clusters });
    return recorder.resources.map(({ type, name }) => `${type} ${name}`).sort();
  };
  expect(await made({ groups: { all: ["a", "b", "r"] } })).toEqual(await made({}));
});

test("in any mesh, the keys are those of whom it reads", async () => {
  const stacks = fc
    .array(fc.option(fc.array(fc.nat(5), { maxLength: 3 })), { minLength: 1, maxLength: 6 })
    .map((shapes) => {
      const names = shapes.map((_, index) => `c${index}`);
      return shapes.map((reads, index) =>
        cluster(names[index]!, {
          ...(reads && {
            reads: names.filter((_, other) => other !== index && reads.includes(other)),
          }),
        }),
      );
    });
  await fc.assert(
    fc.asyncProperty(stacks, async (clusters) => {
      const mesh = parseMesh({ clusters });
      const { recorder } = await weave({ clusters });
      for (const { name } of primaries(mesh)) {
        const wanted = peersOf(mesh, name).map((peer) => peer.name);
        expect(keysOf(recorder, [name])[name] ?? []).toEqual(wanted);
      }
    }),
    { numRuns: 5 },
  );
});

test("with three reads each, twice the members are twice the resources and what is in them", async () => {
  const ring = (count: number) =>
    Array.from({ length: count }, (_, index) =>
      cluster(`c${index}`, {
        reads: Array.from({ length: 3 }, (_, step) => `c${(index + step + 1) % count}`),
      }),
    );
  const size = async (count: number) => {
    const { recorder } = await weave({ mesh: { trust: { mode: "federated" } }, clusters: ring(count) });
    const inputs = recorder.resources.reduce((sum, { inputs }) => sum + JSON.stringify(inputs).length, 0);
    return { resources: recorder.resources.length, perMember: inputs / count };
  };
  const [small, large] = [await size(8), await size(16)];
  // The mesh itself and its trust are there once.
  expect(large.resources - 2).toBe(2 * (small.resources - 2));
  expect(large.perMember).toBeLessThan(1.05 * small.perMember);
});
