/** The providers of the members: each has its cluster's kubeconfig, and nothing is shared. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

/** @param isUnreachable what the state has of the member stays as it is: the provider neither asks nor changes anything. */
export function memberProvider(
  name: string,
  kubeconfig: string,
  { isUnreachable }: { isUnreachable: boolean },
): kubernetes.Provider {
  return new kubernetes.Provider(name, {
    ...providerSettings(name),
    kubeconfig: pulumi.secret(kubeconfig),
    ...(isUnreachable && { skipUpdateUnreachable: true }),
  });
}

/**
 * Takes the place of the provider of a member whose cluster is gone, under which everything that is not registered any more leaves the
 * state. Neither it nor the one returned knows a way into the cluster, so nothing is changed there should it come back.
 * @returns a provider that reads as it is whatever it is told to be there.
 */
export function evictedProvider(name: string): kubernetes.Provider {
  const settings = { ...providerSettings(name), kubeconfig: nowhere };
  new kubernetes.Provider(name, { ...settings, deleteUnreachable: true });
  return new kubernetes.Provider(`${name}-evicted`, { ...settings, skipUpdateUnreachable: true });
}

/** What every provider of a member has. */
export function providerSettings(name: string) {
  return {
    // Without it, a kubeconfig with another address of the same cluster replaces every resource.
    clusterIdentifier: name,
    // Else a change of `cacerts` or of a PeerSecret deletes it first.
    enableSecretMutable: true,
    enableConfigMapMutable: true,
  };
}

/**
 * Its context is in no list, so the provider takes the cluster for unreachable without a request. An empty one would be no kubeconfig to it,
 * and $KUBECONFIG would take its place (kubeProvider.Configure in provider/pkg/provider/provider.go of pulumi-kubernetes).
 */
const nowhere = JSON.stringify({
  apiVersion: "v1",
  kind: "Config",
  "current-context": "evicted by weft:mesh.evicting",
  contexts: [],
  clusters: [],
  users: [],
});
