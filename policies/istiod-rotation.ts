import type { StackValidationPolicy } from "@pulumi/policy";
import { brokenRotation } from "../mesh/istio-versions";
import { istiodVersion } from "./istiod-version";
import { istiodsOf, violation } from "./resource";

/**
 * Such an istiod works until a token is renewed or an API server moves, and then loses peers without an error.
 * Advisory, because the program refuses the renewal itself.
 */
export const istiodRotation: StackValidationPolicy = {
  name: "istiod-rotation",
  description: "No istiod is of a version that loses its peers when a remote secret changes.",
  enforcementLevel: "advisory",
  validateStack({ resources }, report) {
    for (const release of istiodsOf(resources)) {
      const version = istiodVersion(release);
      const broken = version === undefined ? undefined : brokenRotation(version);
      if (broken === undefined) continue;
      report(
        violation({
          resource: release.name,
          path: "version",
          value: version,
          message: `when a remote secret changes, this istiod ${broken.reason} (${broken.source}).`,
          remedy: `Upgrade to ${broken.fixedIn} or later (istio.version) before the next renewal of tokens.`,
        }),
        release.urn,
      );
    }
  },
};
