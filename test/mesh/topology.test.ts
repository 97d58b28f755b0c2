import fc from "fast-check";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import {
  exposesIstiod,
  needsEastWestGateway,
  networks,
  peersOf,
  primaries,
  readersOf,
  remotesOf,
  trustedBy,
} from "../../mesh/topology";

const names = (members: Member[]) => members.map(({ name }) => name);

/** Clusters of any mix of roles and networks, the first of them a primary. */
const stacks = fc
  .array(
    fc.record({ remote: fc.boolean(), serving: fc.nat(), network: fc.option(fc.constantFrom("n1", "n2")) }),
    {
      minLength: 1,
      maxLength: 12,
    },
  )
  .map((shapes) => {
    const primary = shapes.map(({ remote }, index) => index === 0 || !remote);
    const serving = primary.flatMap((isPrimary, index) => (isPrimary ? [`c${index}`] : []));
    return shapes.map((shape, index) => ({
      name: `c${index}`,
      context: "kind",
      ...(shape.network !== null && { network: shape.network }),
      ...(!primary[index] && { role: "remote", primary: serving[shape.serving % serving.length] }),
    }));
  });
const meshes = stacks.map((clusters) => parseMesh({ clusters }));

/** Everything that the topology says of every member. */
function topologyOf(mesh: MeshSpec) {
  return mesh.members.map(({ name }) => ({
    name,
    peers: names(peersOf(mesh, name)),
    readers: names(readersOf(mesh, name)),
    remotes: names(remotesOf(mesh, name)),
    trusted: names(trustedBy(mesh, name)),
    gateway: needsEastWestGateway(mesh, name),
    exposed: exposesIstiod(mesh, name),
  }));
}

describe("in every mesh", () => {
  it("reordering the list changes nothing", () => {
    const reordered = stacks.chain((clusters) =>
      fc.record({
        clusters: fc.constant(clusters),
        shuffled: fc.shuffledSubarray(clusters, { minLength: clusters.length }),
      }),
    );
    fc.assert(
      fc.property(reordered, ({ clusters, shuffled }) => {
        expect(topologyOf(parseMesh({ clusters: shuffled }))).toEqual(topologyOf(parseMesh({ clusters })));
      }),
    );
  });

  it("every primary reads every other member exactly once, and not itself", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        for (const { name } of primaries(mesh)) {
          expect([...names(peersOf(mesh, name)), name].sort()).toEqual(names(mesh.members));
        }
      }),
    );
  });

  it("remotes read nobody", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const remotes = mesh.members.filter(({ role }) => role === "remote");
        expect(remotes.flatMap(({ name }) => peersOf(mesh, name))).toEqual([]);
      }),
    );
  });

  it("who reads whom is the same from both sides", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        const pairs = (from: (mesh: MeshSpec, name: string) => Member[]) =>
          mesh.members.flatMap(({ name }) => from(mesh, name).map((other) => [name, other.name]));
        const readBy = pairs(readersOf).map(([read, reader]) => [reader, read]);
        expect(pairs(peersOf).map(String).sort()).toEqual(readBy.map(String).sort());
      }),
    );
  });

  it("every remote is served by exactly one primary, whose istiod is exposed", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        for (const { name, role, primary } of mesh.members) {
          const serving = names(
            primaries(mesh).filter((other) => names(remotesOf(mesh, other.name)).includes(name)),
          );
          expect(serving).toEqual(role === "remote" ? [primary] : []);
          expect(serving.every((other) => exposesIstiod(mesh, other))).toBe(true);
        }
      }),
    );
  });

  it("a gateway stands where there are two networks, and before every exposed istiod; nowhere else", () => {
    fc.assert(
      fc.property(meshes, (mesh) => {
        for (const { name } of mesh.members) {
          expect(needsEastWestGateway(mesh, name)).toBe(
            networks(mesh).length > 1 || exposesIstiod(mesh, name),
          );
        }
      }),
    );
  });
});

describe("gateways", () => {
  const gateways = (...clusters: { name: string; network: string; primary?: string }[]) => {
    const mesh = parseMesh({
      clusters: clusters.map((cluster) => ({
        ...cluster,
        context: "kind",
        ...(cluster.primary && { role: "remote" }),
      })),
    });
    return names(mesh.members.filter(({ name }) => needsEastWestGateway(mesh, name)));
  };

  it("are not needed by a lone cluster, nor by primaries on one network", () => {
    expect(gateways({ name: "a", network: "n" })).toEqual([]);
    expect(gateways({ name: "a", network: "n" }, { name: "b", network: "n" })).toEqual([]);
  });

  it("are needed by all members when the mesh spans networks", () => {
    expect(
      gateways({ name: "a", network: "n" }, { name: "b", network: "n" }, { name: "c", network: "m" }),
    ).toEqual(["a", "b", "c"]);
  });

  it("are needed by the primary alone when its remotes share its network", () => {
    expect(gateways({ name: "a", network: "n" }, { name: "r", network: "n", primary: "a" })).toEqual(["a"]);
  });

  it("are needed by both when a remote is on another network", () => {
    expect(gateways({ name: "a", network: "n" }, { name: "r", network: "m", primary: "a" })).toEqual([
      "a",
      "r",
    ]);
  });
});

describe("federated trust", () => {
  const mesh = parseMesh({
    mesh: { trust: { mode: "federated" } },
    clusters: [
      { name: "a", context: "kind", trust: { trusts: ["b"] } },
      { name: "b", context: "kind" },
      { name: "c", context: "kind" },
      { name: "r", context: "kind", role: "remote", primary: "a" },
    ],
  });

  it("is in all primaries, unless it is narrowed", () => {
    expect(names(trustedBy(mesh, "b"))).toEqual(["a", "b", "c"]);
    expect(names(trustedBy(mesh, "a"))).toEqual(["a", "b"]);
  });

  it("of a remote is that of its primary", () => {
    expect(names(trustedBy(mesh, "r"))).toEqual(["a", "b"]);
  });
});
