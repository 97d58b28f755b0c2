/** istiod's metrics, in the text format of Prometheus. */

/**
 * The state of each cluster that istiod reads, from `istiod_remote_cluster_sync_status`: one sample for each cluster and state, and
 * 1 stands for the state it is in (pkg/kube/multicluster/secretcontroller.go). istiod 1.28 has no such metric; 1.29 to 1.31 have it, with
 * the same labels and states.
 * @returns undefined where the text has no such metric and none that says that no cluster is read: it is not istiod's, or of a
 * version without it.
 */
export function syncStates(metrics: string): Record<string, string> | undefined {
  const states: Record<string, string> = {};
  let isIstiod = false;
  for (const line of metrics.split("\n")) {
    if (/^istiod_managed_clusters\{[^}]*cluster_type="remote"[^}]*\} 0$/.test(line)) isIstiod = true;
    const [, labels, value] = /^istiod_remote_cluster_sync_status\{(.*)\} (\S+)/.exec(line) ?? [];
    if (labels === undefined) continue;
    isIstiod = true;
    const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1];
    const [cluster, status] = [label("cluster"), label("status")];
    if (Number(value) === 1 && cluster !== undefined && status !== undefined) states[cluster] = status;
  }
  return isIstiod ? states : undefined;
}

/** The states of the replicas of one istiod: of each cluster the worst. */
export function worstStates(replicas: Record<string, string>[]): Record<string, string> {
  const worst: Record<string, string> = {};
  for (const states of replicas) {
    for (const [cluster, state] of Object.entries(states)) {
      if (worst[cluster] === undefined || worst[cluster] === "synced") worst[cluster] = state;
    }
  }
  return worst;
}
