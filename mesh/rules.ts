/** What must hold across the keys of a stack config. */
import { seenBy, type ClusterKey, type Draft, type MeshKey } from "./draft";
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
  /** Keys of an entry of `weft:clusters`, beside its name, that it looks at: likewise, of that entry. */
  ofEntries: readonly ClusterKey[];
}

const roles: ClusterKey[] = ["role", "primary"];
/** Who reads whom, and whose requests come from other networks. */
const requests: ClusterKey[] = [...roles, "reads", "network"];

export const rules: Rule[] = [
  { problems: nameProblems, reads: [], ofEntries: [] },
  { problems: evictionProblems, reads: ["evicting"], ofEntries: [...roles, "trust"] },
  { problems: evictedManagementProblems, reads: ["evicting", "trust", "membership"], ofEntries: [] },
  { problems: roleProblems, reads: ["evicting"], ofEntries: roles },
  { problems: readingProblems, reads: ["evicting", "groups", "trust"], ofEntries: [...requests, "trust"] },
  { problems: kubeconfigProblems, reads: [], ofEntries: ["context", "kubeconfig", "kubeconfigPath"] },
  { problems: peerAddressProblems, reads: ["groups", "remoteAccess"], ofEntries: [...requests, "apiServer"] },
  { problems: managementProblems, reads: ["evicting", "membership"], ofEntries: [] },
  {
    problems: gatewayProblems,
    reads: ["groups", "eastWest", "ingress", "istio"],
    ofEntries: [...requests, "eastWest", "ingress", "istio"],
  },
  { problems: gatewayNamespaceProblems, reads: ["trust", "sample", "loadBalancer"], ofEntries: ["ingress"] },
  { problems: namespaceProblems, reads: ["istio", "ingress", "sample"], ofEntries: ["istio", "ingress"] },
  {
    problems: meshTrustProblems,
    reads: ["evicting", "trust", "trustDomain", "istio"],
    ofEntries: [...roles, "trust", "eastWest", "istio"],
  },
  {
    problems: memberTrustProblems,
    reads: ["evicting", "trust", "trustDomain", "istio"],
    ofEntries: [...requests, "trust", "eastWest", "istio"],
  },
  {
    problems: revocationProblems,
    reads: ["evicting", "trust", "istio"],
    ofEntries: [...roles, "trust", "istio"],
  },
  { problems: crlProblems, reads: ["evicting", "trust"], ofEntries: [...roles, "trust"] },
  { problems: metallbProblems, reads: ["loadBalancer"], ofEntries: ["addresses"] },
  { problems: istioProblems, reads: ["istio"], ofEntries: [...roles, "istio"] },
  { problems: revisionProblems, reads: ["evicting", "istio"], ofEntries: ["role", "istio"] },
  {
    problems: renewalProblems,
    reads: ["groups", "istio", "remoteAccess"],
    ofEntries: [...requests, "istio", "remoteAccess"],
  },
  { problems: telemetryProblems, reads: ["istio", "telemetry"], ofEntries: [...roles, "istio"] },
  { problems: chartProblems, reads: ["istio", "loadBalancer"], ofEntries: [] },
];

/** All problems, in the order of the rules; what does not parse is left to the schema. */
export function brokenRules(draft: Draft): Problem[] {
  const problems = rules
    .filter(({ reads }) => !reads.some((key) => draft.unparsed.has(key)))
    .flatMap(({ problems, ofEntries }) => problems(seenBy(draft, ofEntries)));
  // Several members may run into one setting of the mesh.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
