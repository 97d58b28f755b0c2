/** What must hold across the keys of a stack config. */
import type { Draft, MeshKey } from "./draft";
import type { Problem } from "./problems";
import { kubeconfigProblems, managementProblems, peerAddressProblems } from "./rules/access";
import { chartProblems } from "./rules/charts";
import { evictedManagementProblems, evictionProblems } from "./rules/eviction";
import { gatewayNamespaceProblems, gatewayProblems } from "./rules/gateways";
import { istioProblems, renewalProblems, telemetryProblems } from "./rules/istio";
import { memberTrustProblems } from "./rules/member-trust";
import { meshTrustProblems } from "./rules/mesh-trust";
import { metallbProblems } from "./rules/metallb-addresses";
import { nameProblems } from "./rules/names";
import { namespaceProblems } from "./rules/namespaces";
import { readingProblems } from "./rules/reading";
import { revisionProblems } from "./rules/revisions";
import { roleProblems } from "./rules/roles";
import { crlProblems } from "./rules/given-crls";
import { revocationProblems } from "./rules/revocation";

export interface Rule {
  problems: (draft: Draft) => Problem[];
  /** Keys of `weft:mesh` that it looks at: where one of them does not parse, it cannot judge. */
  reads: MeshKey[];
}

export const rules: Rule[] = [
  { problems: nameProblems, reads: [] },
  { problems: evictionProblems, reads: ["evicting"] },
  { problems: evictedManagementProblems, reads: ["evicting", "trust", "membership"] },
  { problems: roleProblems, reads: ["evicting"] },
  { problems: readingProblems, reads: ["evicting", "groups", "trust"] },
  { problems: kubeconfigProblems, reads: [] },
  { problems: peerAddressProblems, reads: ["groups", "remoteAccess"] },
  { problems: managementProblems, reads: ["evicting", "membership"] },
  { problems: gatewayProblems, reads: ["groups", "eastWest", "ingress", "istio"] },
  { problems: gatewayNamespaceProblems, reads: ["trust", "sample", "loadBalancer"] },
  { problems: namespaceProblems, reads: ["istio", "ingress", "sample"] },
  { problems: meshTrustProblems, reads: ["evicting", "trust", "trustDomain", "istio"] },
  { problems: memberTrustProblems, reads: ["evicting", "trust", "trustDomain", "istio"] },
  { problems: revocationProblems, reads: ["evicting", "trust", "istio"] },
  { problems: crlProblems, reads: ["evicting", "trust"] },
  { problems: metallbProblems, reads: ["loadBalancer"] },
  { problems: istioProblems, reads: ["istio"] },
  { problems: revisionProblems, reads: ["evicting", "istio"] },
  { problems: renewalProblems, reads: ["groups", "istio", "remoteAccess"] },
  { problems: telemetryProblems, reads: ["istio", "telemetry"] },
  { problems: chartProblems, reads: ["istio", "loadBalancer"] },
];

/** All problems, in the order of the rules; what does not parse is left to the schema. */
export function brokenRules(draft: Draft): Problem[] {
  const problems = rules
    .filter(({ reads }) => !reads.some((key) => draft.unparsed.has(key)))
    .flatMap((rule) => rule.problems(draft));
  // Several members may run into one setting of the mesh.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
