import fc from "fast-check";
import { parseMesh } from "../../mesh/parse";
import { lastUp } from "../../mesh/last-up";
import { checkRemovals } from "../../mesh/removals";

type Role = "primary" | "remote";

function mesh(members: Record<string, Role>, removing: string[] = []) {
  const names = Object.keys(members);
  const primary = names.find((name) => members[name] === "primary");
  return parseMesh({
    mesh: { removing },
    clusters: names.map((name) =>
      members[name] === "primary"
        ? { name, context: name }
        : { name, context: name, role: "remote", primary },
    ),
  });
}

const outputs = (members: Record<string, Role>) =>
  lastUp({
    mesh: { id: "mesh1" },
    members: Object.fromEntries(
      Object.entries(members).map(([name, role]) => [name, { role, network: name, istiodVersion: "1.30.5" }]),
    ),
  });

const three = { cluster1: "primary", cluster2: "primary", cluster3: "primary" } as const;

test("nothing is wrong before the first up, when nothing changes, and when members join", () => {
  expect(checkRemovals(lastUp(undefined), mesh(three))).toEqual([]);
  expect(checkRemovals(lastUp({}), mesh(three))).toEqual([]);
  expect(checkRemovals(outputs(three), mesh(three))).toEqual([]);
  expect(checkRemovals(outputs({ cluster1: "primary" }), mesh(three))).toEqual([]);
});

test("one member may leave", () => {
  expect(checkRemovals(outputs(three), mesh({ cluster1: "primary", cluster3: "primary" }))).toEqual([]);
});

test("two may not, unless both are named", () => {
  const left = { cluster2: "primary" } as const;
  const problem = {
    path: "weft:clusters",
    message: "cluster1, cluster3 would leave the mesh in one step, with everything that Weft made in them.",
    remedy: "Put them back. If it is meant, say so: weft:mesh.removing: [cluster1, cluster3].",
  };
  expect(checkRemovals(outputs(three), mesh(left))).toEqual([problem]);
  expect(checkRemovals(outputs(three), mesh(left, ["cluster1"]))).toEqual([problem]);
  expect(checkRemovals(outputs(three), mesh(left, ["cluster1", "cluster3", "gone"]))).toEqual([]);
});

test("the last primary may not leave, even alone and with a successor, unless it is named", () => {
  const before = outputs({ cluster1: "primary", cluster2: "remote" });
  const after = { cluster2: "primary" } as const;
  expect(checkRemovals(before, mesh(after))).toEqual([
    {
      path: "weft:clusters",
      message:
        "No primary that there was stays one (cluster1): nothing would serve the mesh's workloads until a new one does.",
      remedy: "Put them back. If it is meant, say so: weft:mesh.removing: [cluster1].",
    },
  ]);
  expect(checkRemovals(before, mesh(after, ["cluster1"]))).toEqual([]);
});

test("a last primary that becomes a remote is no primary any more", () => {
  const after = { cluster2: "primary", cluster1: "remote" } as const;
  expect(checkRemovals(outputs({ cluster1: "primary" }), mesh(after))).toHaveLength(1);
});

test("naming the last primary does not let others go unnamed", () => {
  const before = outputs({ cluster1: "primary", cluster2: "remote" });
  expect(checkRemovals(before, mesh({ cluster9: "primary" }, ["cluster1"]))).toMatchObject([
    { remedy: expect.stringContaining("[cluster1, cluster2]") as string },
  ]);
});

test("outputs of another program are an error, not a mesh without members", () => {
  expect(() => lastUp({ members: { cluster1: { role: "leader" } } })).toThrow("role");
});

test("what the remedy says to write is always enough", () => {
  const members = fc.dictionary(fc.stringMatching(/^[a-d]$/), fc.constantFrom<Role>("primary", "remote"));
  const valid = members.filter((m) => Object.values(m).includes("primary"));
  fc.assert(
    fc.property(members, valid, (before, after) => {
      const [problem, ...more] = checkRemovals(outputs(before), mesh(after));
      expect(more).toEqual([]);
      const named = /\[(.*)\]/
        .exec(problem?.remedy ?? "[]")![1]!
        .split(", ")
        .filter((name) => name !== "");
      expect(checkRemovals(outputs(before), mesh(after, named))).toEqual([]);
    }),
  );
});
