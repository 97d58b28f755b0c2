/** Which primaries look after which remotes. */
import type { PolicyResource } from "@pulumi/policy";
import { at, isKind, memberOf } from "./resource";

const annotation = "topology.istio.io/controlPlaneClusters";

/**
 * The primaries of each remote. Its namespace names them in Istio's own annotation, and unlike Helm values, which may be
 * computed, that is known in every preview.
 */
export function servedBy(resources: PolicyResource[]): Map<string, string[]> {
  const remotes = new Map<string, string[]>();
  for (const resource of resources.filter(({ type }) => isKind(type, "core", "Namespace"))) {
    const primaries = at(resource.props, "metadata", "annotations", annotation);
    const member = memberOf(resource);
    if (member === undefined || typeof primaries !== "string") continue;
    remotes.set(
      member,
      primaries.split(",").map((primary) => primary.trim()),
    );
  }
  return remotes;
}
