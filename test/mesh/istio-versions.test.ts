import { brokenRotation, minorSkew, rotationDefects } from "../../mesh/istio-versions";
import { defaultVersion } from "../../mesh/revisions";

const issue = (number: number) => `https://github.com/istio/istio/issues/${number}`;

describe("a changed remote secret", () => {
  it.each([
    ["1.29.0", 59875, "1.29.5"],
    ["1.29.2", 59875, "1.29.5"],
    ["1.29.3", 60520, "1.29.5"],
    ["1.29.4", 60520, "1.29.5"],
    ["1.30.0-beta.0", 60612, "1.30.4"],
    ["1.30.0", 60612, "1.30.4"],
    ["1.30.2", 60612, "1.30.4"],
    ["1.30.3", 61043, "1.30.4"],
    ["1.30.3-distroless", 61043, "1.30.4"],
    ["1.31.0-alpha.0", 61043, "1.31.0"],
  ])("breaks istiod %s by istio#%i, mended in %s", (version, number, fixedIn) => {
    expect(brokenRotation(version)).toMatchObject({ source: issue(number), fixedIn });
  });

  it.each([
    "1.28.0",
    "1.28.10",
    "1.29.5",
    "1.29.6",
    "1.30.4",
    "1.30.4-distroless",
    "1.30.5",
    "1.31.0-rc.0",
    "1.31.0",
    "1.31.1",
  ])("does not break istiod %s", (version) => {
    expect(brokenRotation(version)).toBeUndefined();
  });

  it("does not break the version that Weft installs by default", () => {
    expect(brokenRotation(defaultVersion)).toBeUndefined();
  });

  it("is not judged for a version that cannot be read", () => {
    expect(brokenRotation("latest")).toBeUndefined();
  });

  it("has a remedy in a version that it does not break", () => {
    for (const { fixedIn } of rotationDefects) expect(brokenRotation(fixedIn)).toBeUndefined();
  });
});

it.each([
  ["1.30.5", "1.30.0", 0],
  ["1.29.6", "1.30.5", 1],
  ["1.31.0", "1.29.6", 2],
  ["2.0.0", "1.31.0", Infinity],
])("from %s to %s it is %d minor versions", (a, b, skew) => {
  expect(minorSkew(a, b)).toBe(skew);
});
