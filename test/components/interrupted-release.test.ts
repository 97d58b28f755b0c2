import { obstacles } from "../../components/interrupted-release";

const history = [
  { name: "sh.helm.release.v1.istiod.v1", status: "superseded" },
  { name: "sh.helm.release.v1.istiod.v2", status: "deployed" },
  { name: "sh.helm.release.v1.istiod.v3", status: "pending-upgrade" },
];

test("a release that the engine does not know is forgotten whole, so that Helm takes over its objects", () => {
  expect(obstacles(history, false)).toEqual(history.map(({ name }) => name));
});

test("of a release that it knows only the attempt that was cut off is forgotten", () => {
  expect(obstacles(history, true)).toEqual(["sh.helm.release.v1.istiod.v3"]);
});

test("nothing of a release is forgotten that is as the engine knows it", () => {
  expect(obstacles(history.slice(0, 2), true)).toEqual([]);
});
