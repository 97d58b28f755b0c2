import { stackSchema } from "../../mesh/schema";
import { keysIn } from "../../mesh/schema-tree";
import { changes } from "../../mesh/transitions/changes";

const keys = keysIn(stackSchema);
const covers = (pattern: string, key: string) =>
  pattern.endsWith(".*")
    ? key === pattern.slice(0, -2) || [".", "["].some((next) => key.startsWith(pattern.slice(0, -2) + next))
    : key === pattern;
const patterns = changes.flatMap((change) => change.keys);

it("the schema has keys of every kind", () => {
  expect(keys.length).toBeGreaterThan(100);
  expect(keys).toEqual(
    expect.arrayContaining([
      "mesh.id",
      "mesh.trust.root",
      "mesh.trust.roots",
      "mesh.trust.roots[].algorithm",
      "mesh.istio.charts.oci",
      "mesh.membership.management.context",
      "mesh.telemetry",
      "clusters",
      "clusters[].eastWest.service.annotations",
      "clusters[].trust.intermediate.chain",
    ]),
  );
});

it.each(keys)("what a change of %s does to a running mesh is said once", (key) => {
  expect(patterns.filter((pattern) => covers(pattern, key))).toHaveLength(1);
});

it.each(patterns)("%s is a key of the schema", (pattern) => {
  expect(keys.some((key) => covers(pattern, key))).toBe(true);
});

it("what is refused is looked for; what is safe is refused for its value alone", () => {
  const unchecked = changes.filter(
    ({ verdict, problems }) => verdict === "refused" && problems === undefined,
  );
  const contradicting = changes.filter(
    ({ verdict, problems }) => verdict === "safe" && problems !== undefined,
  );
  expect(unchecked).toEqual([]);
  expect(contradicting).toEqual([]);
});
