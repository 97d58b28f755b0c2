import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { at, releasesOf, violation } from "./resource";

/**
 * A member's name is its cluster ID: istiod takes two clusters of one ID for one, and ignores the second one's Secret.
 * One name may also mean that one cluster was listed twice.
 */
export const uniqueMembers: StackValidationPolicy = {
  name: "unique-members",
  description: "No two members have one name.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    const providers = resources.filter(({ type }) => type === "pulumi:providers:kubernetes");
    checkUnique(providers, "clusterIdentifier", ["clusterIdentifier"]);
    const istiods = releasesOf(resources, "istiod");
    checkUnique(istiods, "values.global.multiCluster.clusterName", [
      "values",
      "global",
      "multiCluster",
      "clusterName",
    ]);

    function checkUnique(candidates: PolicyResource[], path: string, keys: string[]) {
      const first = new Map<unknown, PolicyResource>();
      for (const candidate of candidates) {
        const value = at(candidate.props, ...keys);
        if (value === undefined) continue;
        const other = first.get(value);
        if (other === undefined) {
          first.set(value, candidate);
          continue;
        }
        report(
          violation({
            resource: candidate.name,
            path,
            value,
            message: `${other.name} has the same, so istiod takes the two clusters for one.`,
            remedy: "Give each member of weft:clusters a name of its own.",
          }),
          candidate.urn,
        );
      }
    }
  },
};
