import type { StackValidationPolicy } from "@pulumi/policy";
import { istiodsOf, memberOf, violation } from "./resource";
import { servedBy } from "./served-by";
import { isMeshWide } from "./strict-mtls";

/** Without a mesh-wide PeerAuthentication Istio is permissive. A remote has its primary's. */
export const strictMtlsEverywhere: StackValidationPolicy = {
  name: "strict-mtls-everywhere",
  description: "Every primary has a mesh-wide PeerAuthentication.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    const covered = new Set(resources.filter(({ type, props }) => isMeshWide(type, props)).map(memberOf));
    const remotes = servedBy(resources);
    for (const istiod of istiodsOf(resources)) {
      const member = memberOf(istiod);
      if (member === undefined || remotes.has(member) || covered.has(member)) continue;
      // Once, however many istiods it has.
      covered.add(member);
      report(
        violation({
          resource: `primary ${member}`,
          message: "there is no mesh-wide PeerAuthentication, so its workloads take plain text.",
          remedy: "Create one named default in istio-system with spec.mtls.mode STRICT.",
        }),
        istiod.urn,
      );
    }
  },
};
