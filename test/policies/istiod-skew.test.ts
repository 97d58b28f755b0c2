import { istiodSkew } from "../../policies/istiod-skew";
import { runOnStack, unknown } from "./run";
import { istiod, release } from "./stack";

test("versions within one minor pass", () => {
  const stack = [istiod("cluster1", "1.30.5"), istiod("cluster2", "1.31.0"), istiod("cluster3", "1.31.2")];
  expect(runOnStack(istiodSkew, stack)).toEqual([]);
});

test("each istiod more than one minor behind the newest is named", () => {
  const stack = [istiod("cluster1", "1.29.6"), istiod("cluster2", "1.31.0"), istiod("cluster3", "1.30.5")];
  expect(runOnStack(istiodSkew, stack)).toEqual([
    'cluster1-istiod version ("1.29.6"): more than one minor behind 1.31.0, which cluster2 runs. Upgrade cluster1 first, one minor at a time (istio.version of the member).',
  ]);
});

test("another major is never close enough", () => {
  expect(runOnStack(istiodSkew, [istiod("cluster1", "1.31.0"), istiod("cluster2", "2.31.0")])).toHaveLength(
    1,
  );
});

test("a stack without istiod, with one, or with versions that are not known passes", () => {
  expect(runOnStack(istiodSkew, [])).toEqual([]);
  expect(runOnStack(istiodSkew, [istiod("cluster1", "1.20.0")])).toEqual([]);
  expect(
    runOnStack(istiodSkew, [
      istiod("cluster1", "1.31.0"),
      release("cluster2", "istiod", { version: unknown }),
    ]),
  ).toEqual([]);
});
