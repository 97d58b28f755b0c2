import {
  failedWaiting,
  lastFailure,
  obstacles,
  otherInstaller,
} from "../../../components/interrupted/releases";

const revisions = (...statuses: string[]) =>
  statuses.map((status, index) => ({
    secret: `sh.helm.release.v1.istiod.v${index + 1}`,
    namespace: "istio-system",
    release: "istiod",
    version: index + 1,
    status,
  }));
const history = revisions("superseded", "deployed", "pending-upgrade");

test("a release that the engine does not know is forgotten whole, so that Helm takes over its objects", () => {
  expect(obstacles(history, false)).toEqual(history);
});

test("of a release that it knows only the attempt that was cut off is forgotten", () => {
  expect(obstacles(history, true)).toEqual([history[2]]);
});

test("nothing of a release is forgotten that is as the engine knows it", () => {
  expect(obstacles(history.slice(0, 2), true)).toEqual([]);
});

describe("the last attempt, where it failed", () => {
  test("comes with what was deployed before, whatever was cut off after it", () => {
    const [superseded, deployed, failed, cutOff] = revisions(
      "superseded",
      "deployed",
      "failed",
      "pending-upgrade",
    );
    const found = { failed, deployed: [deployed] };
    expect(lastFailure([failed!, superseded!, deployed!])).toEqual(found);
    expect(lastFailure([cutOff!, failed!, superseded!, deployed!])).toEqual(found);
  });

  test.each([[[]], [["deployed"]], [["failed"]], [["failed", "failed"]], [["failed", "deployed"]]])(
    "is none where nothing failed after something was deployed: %j",
    (statuses) => {
      expect(lastFailure(revisions(...statuses))).toBeUndefined();
    },
  );

  test.each([
    ["context deadline exceeded", true],
    ["context canceled", true],
    ["timed out waiting for the condition", true],
    ["cannot patch istiod: the server is currently unable to handle the request", false],
    ["cannot patch istiod: Patch https://c: context deadline exceeded (Client.Timeout exceeded)", false],
  ])("has put everything into the cluster where it says: %s", (reason, isWhole) => {
    expect(failedWaiting(`Upgrade "istiod" failed: ${reason}`)).toBe(isWhole);
  });
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
