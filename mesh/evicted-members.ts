import type { LastUp } from "./last-up";
import type { MeshSpec } from "./mesh-spec";
import { ingressNamespace } from "./topology";

/** What has to be known of a member whose cluster is gone, to give up what is left of it. */
export interface Evicted {
  name: string;
  /** Whether Weft installed MetalLB there. */
  hasLoadBalancer: boolean;
  /** Namespace of its ingress gateway, where it had one: by its entry, or by what the last `up` left. */
  ingressNamespace?: string;
  /** Namespace of its CNI plugin, likewise. */
  cniNamespace?: string;
}

export function evictedMembers({ config, evicted }: MeshSpec, { members }: LastUp): Evicted[] {
  return evicted.map(({ name, entry }) => ({
    name,
    hasLoadBalancer: config.loadBalancer !== undefined,
    ingressNamespace: members[name]?.ingressNamespace ?? (entry?.ingress && ingressNamespace(entry.ingress)),
    cniNamespace: members[name]?.cniNamespace ?? entry?.istio.cni?.namespace,
  }));
}
