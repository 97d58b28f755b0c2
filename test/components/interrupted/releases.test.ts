import { obstacles, otherInstaller } from "../../../components/interrupted/releases";

const history = ["superseded", "deployed", "pending-upgrade"].map((status, index) => ({
  secret: `sh.helm.release.v1.istiod.v${index + 1}`,
  namespace: "istio-system",
  release: "istiod",
  status,
}));

test("a release that the engine does not know is forgotten whole, so that Helm takes over its objects", () => {
  expect(obstacles(history, false)).toEqual(history);
});

test("of a release that it knows only the attempt that was cut off is forgotten", () => {
  expect(obstacles(history, true)).toEqual([history[2]]);
});

test("nothing of a release is forgotten that is as the engine knows it", () => {
  expect(obstacles(history.slice(0, 2), true)).toEqual([]);
});

describe("a release that the engine does not know", () => {
  const installedBy = (...installers: (string | undefined)[]) =>
    otherInstaller(installers.map((installer) => ({ ...history[0]!, installer })));

  test("is Weft's where Pulumi's provider installed it, of whatever version", () => {
    expect(installedBy("pulumi-kubernetes", "pulumi-resource-kubernetes")).toBeUndefined();
    expect(installedBy()).toBeUndefined();
  });

  test("is somebody else's where another client had a hand in it", () => {
    expect(installedBy("Helm")).toBe("Helm");
    expect(installedBy("pulumi-kubernetes", "helm-controller")).toBe("helm-controller");
    expect(installedBy(undefined)).toBe("somebody");
  });
});
