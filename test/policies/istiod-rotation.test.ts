import { istiodRotation } from "../../policies/istiod-rotation";
import { runOnStack } from "./run";
import { istiod, release } from "./stack";

test("versions that survive a rotation pass", () => {
  expect(runOnStack(istiodRotation, [istiod("cluster1", "1.30.5"), istiod("cluster2", "1.31.0")])).toEqual(
    [],
  );
});

test("a version that loses its peers is reported, with what happens, the issue and where to go", () => {
  expect(runOnStack(istiodRotation, [istiod("cluster1", "1.30.5"), istiod("cluster2", "1.30.3")])).toEqual([
    'cluster2-istiod version ("1.30.3"): when a remote secret changes, this istiod loses the peer\'s endpoints for good, without an error, until it is restarted ' +
      "(https://github.com/istio/istio/issues/61043). Upgrade to 1.30.4 or later (istio.version) before the next renewal of tokens.",
  ]);
});

test("each of several istiods is looked at", () => {
  const second = release("cluster1", "istiod-1-30-3", { version: "1.30.3" });
  expect(runOnStack(istiodRotation, [istiod("cluster1", "1.30.5"), second])).toEqual([
    expect.stringContaining('version ("1.30.3")'),
  ]);
});

test("a stack without istiod passes, and an istiod of no known version", () => {
  expect(runOnStack(istiodRotation, [])).toEqual([]);
  expect(runOnStack(istiodRotation, [istiod("cluster1", "latest")])).toEqual([]);
});
