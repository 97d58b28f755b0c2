import type { PolicyResource } from "@pulumi/policy";
import { istiodVersion } from "../../policies/istiod-version";

const version = (props: object) => istiodVersion({ props } as PolicyResource);

test("the image's tag counts before the chart's version, and that before the program's in it", () => {
  expect(
    version({ version: "1.30.5", values: { global: { tag: "1.30.6" } }, status: { appVersion: "1.30.4" } }),
  ).toBe("1.30.6");
  expect(version({ version: "1.30.5", status: { appVersion: "1.30.4" } })).toBe("1.30.5");
});

test("a chart from Istio's source tree, 1.0.0, does not count", () => {
  expect(version({ version: "1.0.0", status: { appVersion: "1.31.0-rc.0" } })).toBe("1.31.0-rc.0");
});

test("a tag with a variant is that version; one that is no version does not count", () => {
  expect(version({ values: { global: { tag: "latest" } }, version: "1.30.5" })).toBe("1.30.5");
  expect(version({})).toBeUndefined();
});
