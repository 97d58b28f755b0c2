import type { LastUp } from "./last-up";
import type { MeshSpec } from "./mesh-spec";
import { defaultRevision, releaseOf } from "./revisions";
import { ingressNamespace } from "./topology";

/** What has to be known of a member whose cluster is gone, to give up what is left of it. */
export interface Evicted {
  name: string;
  /** Helm releases of all istiods that may have been there: by stack config and by what the last `up` left. */
  istiods: string[];
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
    istiods: releasesOf(config.istio, members[name]?.revisions),
    hasLoadBalancer: config.loadBalancer !== undefined,
    ingressNamespace: members[name]?.ingressNamespace ?? (entry?.ingress && ingressNamespace(entry.ingress)),
    cniNamespace: members[name]?.cniNamespace ?? entry?.istio.cni?.namespace,
  }));
}

function releasesOf(istio: MeshSpec["config"]["istio"], last: Record<string, string> = {}): string[] {
  const { revision = defaultRevision, revisions } = istio;
  const names = [revision, ...Object.keys({ ...last, ...revisions })];
  return [...new Set(names.map((name) => releaseOf(istio, name)))];
}
