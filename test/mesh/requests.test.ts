import fc from "fast-check";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { answering, isReachedFromOtherNetworks, reachedFrom } from "../../mesh/requests";
import type { StackInput } from "../../mesh/schema";
import {
  needsEastWestGateway,
  networks,
  peersOf,
  primaries,
  readersOf,
  trustedBy,
} from "../../mesh/topology";

const names = (members: Member[]) => members.map(({ name }) => name);
const cluster = (name: string, more: object = {}) => ({ name, context: "kind", ...more });

/** Clusters of any mix of roles and networks; primaries with and without `reads`, in any groups; what has to be read, is. */
const stacks: fc.Arbitrary<StackInput> = fc
  .record({
    shapes: fc.array(
      fc.record({
        remote: fc.boolean(),
        serving: fc.nat(),
        network: fc.option(fc.constantFrom("n1", "n2")),
        reads: fc.option(fc.array(fc.nat(), { maxLength: 4 })),
        groups: fc.uniqueArray(fc.constantFrom("g1", "g2", "g3"), { minLength: 1 }),
      }),
      { minLength: 1, maxLength: 8 },
    ),
    isGrouped: fc.boolean(),
    mode: fc.constantFrom("shared" as const, "federated" as const),
  })
  .map(({ shapes, isGrouped, mode }) => {
    const all = shapes.map((_, index) => `c${index}`);
    const serving = all.filter((_, index) => index === 0 || !shapes[index]!.remote);
    const primaryOf = (index: number) =>
      serving.includes(all[index]!) ? all[index]! : serving[shapes[index]!.serving % serving.length]!;
    const remotesOf = (name: string) =>
      all.filter((other, index) => other !== name && primaryOf(index) === name);
    const clusters = shapes.map(({ network, reads }, index) => {
      const name = all[index]!;
      const isPrimary = primaryOf(index) === name;
      const listed = [...(reads ?? []).map((one) => all[one % all.length]!), ...remotesOf(name)];
      return cluster(name, {
        ...(network !== null && { network }),
        ...(!isPrimary && { role: "remote", primary: primaryOf(index) }),
        ...(isPrimary && reads !== null && { reads: listed.filter((one) => one !== name) }),
      });
    });
    const groups = Object.fromEntries(
      ["g1", "g2", "g3"].map((group) => [
        group,
        all.filter((_, index) => shapes[all.indexOf(primaryOf(index))]!.groups.includes(group as "g1")),
      ]),
    );
    return { mesh: { trust: { mode }, ...(isGrouped && { groups }) }, clusters };
  });
const meshes = stacks.map((stack) => ({ stack, mesh: parseMesh(stack) }));

describe("in every mesh", () => {
  it("a primary reads whom stack config says, and is known by them from the other side", () => {
    fc.assert(
      fc.property(meshes, ({ stack, mesh }) => {
        const groups = stack.mesh?.groups;
        for (const { name } of primaries(mesh)) {
          const { reads } = stack.clusters.find((one) => one.name === name)!;
          const fellows =
            groups &&
            Object.values(groups)
              .filter((group) => group.includes(name))
              .flat();
          const wanted = new Set(reads ?? fellows ?? names(mesh.members));
          wanted.delete(name);
          expect(names(peersOf(mesh, name))).toEqual([...wanted].sort());
          for (const member of mesh.members) {
            expect(names(readersOf(mesh, member.name)).includes(name)).toBe(wanted.has(member.name));
          }
        }
      }),
    );
  });

  it("who answers whom trusts each other", () => {
    fc.assert(
      fc.property(meshes, ({ mesh }) => {
        const trusts = (one: string, other: Member) => names(trustedBy(mesh, one)).includes(other.primary);
        for (const member of mesh.members) {
          for (const other of answering(mesh, member.name)) {
            expect([trusts(member.name, other), trusts(other.name, member)]).toEqual([true, true]);
          }
        }
      }),
    );
  });

  it("trust is the same from both sides, and nobody is without its own root", () => {
    fc.assert(
      fc.property(meshes, ({ mesh }) => {
        for (const { name } of primaries(mesh)) {
          const trusted = names(trustedBy(mesh, name));
          expect(trusted).toContain(name);
          for (const other of trusted) expect(names(trustedBy(mesh, other))).toContain(name);
        }
      }),
    );
  });

  it("what other networks reach has a gateway, and no other member that serves no remote", () => {
    fc.assert(
      fc.property(meshes, ({ mesh }) => {
        for (const { name, network } of mesh.members) {
          const asking = mesh.members.filter((from) => names(reachedFrom(mesh, from.name)).includes(name));
          const isReached = asking.some((from) => from.network !== network);
          const serves = mesh.members.some(({ role, primary }) => role === "remote" && primary === name);
          expect(isReachedFromOtherNetworks(mesh, name)).toBe(isReached);
          expect(needsEastWestGateway(mesh, name)).toBe(isReached || serves);
        }
      }),
    );
  });

  it("everybody reads everybody where stack config says nothing of it, as with one group of all", () => {
    const summary = (mesh: MeshSpec) =>
      mesh.members.map(({ name }) => ({
        name,
        peers: names(peersOf(mesh, name)),
        trusted: names(trustedBy(mesh, name)),
        answering: names(answering(mesh, name)),
        gateway: needsEastWestGateway(mesh, name),
      }));
    fc.assert(
      fc.property(stacks, ({ mesh: { trust } = {}, clusters }) => {
        const plain = clusters.map(({ reads: _, ...rest }) => rest);
        const all = clusters.map(({ name }) => name);
        const mesh = parseMesh({ mesh: { trust }, clusters: plain });
        expect(summary(mesh)).toEqual(
          summary(parseMesh({ mesh: { trust, groups: { all } }, clusters: plain })),
        );
        for (const { name, role } of mesh.members) {
          expect(names(answering(mesh, name))).toEqual(names(mesh.members));
          expect(peersOf(mesh, name)).toHaveLength(role === "primary" ? mesh.members.length - 1 : 0);
          expect(trustedBy(mesh, name)).toEqual(primaries(mesh));
          const serves = mesh.members.some((other) => other.role === "remote" && other.primary === name);
          expect(needsEastWestGateway(mesh, name)).toBe(networks(mesh).length > 1 || serves);
        }
      }),
    );
  });
});

describe("a gateway hands requests on", () => {
  // c reads b, on another network; b reads a, on its own.
  const mesh = parseMesh({
    mesh: { trust: { mode: "federated" } },
    clusters: [
      cluster("a", { network: "n", reads: [] }),
      cluster("b", { network: "n", reads: ["a"] }),
      cluster("c", { network: "m", reads: ["b"] }),
      cluster("d", { network: "m", reads: [] }),
    ],
  });

  it("to members of its network that its istiod reads: who asks may be answered by one that it does not read", () => {
    expect(names(reachedFrom(mesh, "c"))).toEqual(["b", "c"]);
    expect(names(answering(mesh, "c"))).toEqual(["a", "b", "c"]);
    expect(names(answering(mesh, "b"))).toEqual(["a", "b"]);
  });

  it("so the two trust each other; nobody meets d", () => {
    expect(
      Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, names(trustedBy(mesh, name))])),
    ).toEqual({
      a: ["a", "b", "c"],
      b: ["a", "b", "c"],
      c: ["a", "b", "c"],
      d: ["d"],
    });
  });

  it("and only b has one: nobody of another network sends anything to the others", () => {
    expect(names(mesh.members.filter(({ name }) => needsEastWestGateway(mesh, name)))).toEqual(["b"]);
  });
});

it("trust that one member asks for is mutual, though the two never meet", () => {
  const mesh = parseMesh({
    mesh: { trust: { mode: "federated" } },
    clusters: [cluster("a", { reads: [], trust: { trusts: ["b"] } }), cluster("b", { reads: [] })],
  });
  expect(names(trustedBy(mesh, "a"))).toEqual(["a", "b"]);
  expect(names(trustedBy(mesh, "b"))).toEqual(["a", "b"]);
});
