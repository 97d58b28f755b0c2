/** Which version of istiod a Release runs. */
import type { PolicyResource } from "@pulumi/policy";
import * as semver from "semver";
import { at } from "./resource";

/**
 * The image's tag where one is set, else the version of the chart, else that of the program in it: a chart from Istio's
 * source tree calls itself 1.0.0. Undefined where none of them says it.
 */
export function istiodVersion(release: PolicyResource): string | undefined {
  const candidates = [
    at(release.props, "values", "global", "tag"),
    at(release.props, "version"),
    at(release.props, "status", "appVersion"),
  ];
  return candidates
    .map((candidate) => (typeof candidate === "string" ? semver.parse(candidate)?.version : undefined))
    .find((version) => version !== undefined && version !== "1.0.0");
}
