import type { StackValidationPolicy } from "@pulumi/policy";
import * as semver from "semver";
import { minorSkew } from "../mesh/istio-versions";
import { istiodVersion } from "./istiod-version";
import { memberOf, releasesOf, violation } from "./resource";

/** Istio supports no more. https://istio.io/latest/docs/releases/supported-releases/ */
export const istiodSkew: StackValidationPolicy = {
  name: "istiod-skew",
  description: "The versions of istiod are within one minor of each other.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    const istiods = releasesOf(resources, "istiod")
      .flatMap((release) => {
        const version = istiodVersion(release);
        return version === undefined ? [] : [{ release, version }];
      })
      .sort((a, b) => semver.compare(a.version, b.version));
    const newest = istiods.at(-1);
    for (const { release, version } of istiods) {
      if (newest === undefined || minorSkew(version, newest.version) <= 1) continue;
      report(
        violation({
          resource: release.name,
          path: "version",
          value: version,
          message: `more than one minor behind ${newest.version}, which ${memberOf(newest.release)} runs.`,
          remedy: `Upgrade ${memberOf(release)} first, one minor at a time (istio.version of the member).`,
        }),
        release.urn,
      );
    }
  },
};
