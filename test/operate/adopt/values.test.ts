import * as fc from "fast-check";
import { isMap, mergeValues, type HelmValues } from "../../../mesh/istio-values";
import { extraValues, removed } from "../../../operate/adopt/values";

const values = fc.letrec<{ map: HelmValues; value: unknown }>((tie) => ({
  map: fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(1, "x", true),
    fc.array(fc.constant(1)),
    tie("map"),
  ),
})).map;

/** Every leaf with its path; a map that holds nothing is none. */
function leaves(map: HelmValues, path = ""): string[] {
  return Object.entries(map).flatMap(([key, value]) =>
    isMap(value) ? leaves(value, `${path}.${key}`) : [`${path}.${key}=${JSON.stringify(value)}`],
  );
}

test("laid over Weft's own, the extra values give back every value that the release was given", () => {
  fc.assert(
    fc.property(values, values, (live, ours) => {
      const { values: extra } = extraValues(live, ours, () => []);
      expect(leaves(mergeValues(ours, extra))).toEqual(expect.arrayContaining(leaves(live)));
    }),
  );
});

test("and nothing of Weft's own is among them", () => {
  fc.assert(
    fc.property(values, (ours) => expect(leaves(extraValues(ours, ours, () => []).values)).toEqual([])),
  );
});

test("what is not a person's to set is told, and left out with the maps that it alone was in", () => {
  const live = { global: { caAddress: "x", logging: 1 }, meshConfig: { defaultConfig: { meshId: "m" } } };
  const conflicts = [
    { path: ["global", "caAddress"], instead: "" },
    { path: ["meshConfig", "defaultConfig", "meshId"], instead: "" },
  ];
  expect(extraValues(live, {}, () => conflicts)).toEqual({
    values: { global: { logging: 1 } },
    overruled: conflicts,
  });
});

test("a path that leads nowhere takes nothing away", () => {
  expect(removed({ a: { b: 1 } }, ["a", "c"])).toEqual({ a: { b: 1 } });
  expect(removed({ a: 1 }, ["a", "c"])).toEqual({ a: 1 });
  expect(removed({ a: 1 }, ["b", "c"])).toEqual({ a: 1 });
});
