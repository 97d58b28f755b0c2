/** What uses the istiods of a cluster, by revision: namespaces, tags and pods. */
import { defaultRevision } from "../mesh/revisions";
import type { ApiClient, ObjectMetadata } from "./api-client";

/** What uses an istiod. */
export interface RevisionUse {
  /** Tags that lead to it. */
  tags: string[];
  /** Namespaces whose labels choose it, by a tag or by its name. */
  namespaces: string[];
  /** What its pods belong to, as `shop/cart`, with the number of those that it has injected. */
  workloads: Record<string, number>;
}

/** Without those that have come to an end. */
const livePods = `/api/v1/pods?fieldSelector=${encodeURIComponent("status.phase!=Succeeded,status.phase!=Failed")}`;

/** By revision. Of every cluster, all namespaces and the metadata of all pods are read. */
export async function revisionsInUse(api: ApiClient): Promise<Record<string, RevisionUse>> {
  const [tags, namespaces, pods] = await Promise.all([
    tagsIn(api),
    api.listMetadata("/api/v1/namespaces"),
    api.listMetadata(livePods),
  ]);
  const uses: Record<string, RevisionUse> = {};
  const useOf = (revision: string) => (uses[revision] ??= { tags: [], namespaces: [], workloads: {} });
  for (const [tag, revision] of Object.entries(tags)) useOf(revision).tags.push(tag);
  for (const { metadata } of namespaces) {
    const chosen = chosenBy(metadata.labels);
    if (chosen !== undefined) useOf(tags[chosen] ?? chosen).namespaces.push(metadata.name);
  }
  for (const { metadata } of pods) {
    const revision = injectedBy(metadata.annotations);
    if (revision === undefined) continue;
    const { workloads } = useOf(revision);
    const workload = `${metadata.namespace}/${ownerOf(metadata)}`;
    workloads[workload] = (workloads[workload] ?? 0) + 1;
  }
  return uses;
}

/** `tag canary`, `namespace shop`, `2 pods of shop/cart`. */
export function inWords({ tags, namespaces, workloads }: RevisionUse): string[] {
  return [
    ...tags.map((tag) => `tag ${tag}`),
    ...namespaces.map((name) => `namespace ${name}`),
    ...Object.entries(workloads).map(
      ([workload, pods]) => `${pods} pod${pods === 1 ? "" : "s"} of ${workload}`,
    ),
  ];
}

/** Revision that each revision tag leads to. */
export async function tagsIn(api: ApiClient): Promise<Record<string, string>> {
  const hooks = await api.listMetadata(
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations?labelSelector=istio.io%2Ftag",
  );
  return Object.fromEntries(
    hooks.map(({ metadata: { labels = {} } }) => [
      labels["istio.io/tag"]!,
      labels["istio.io/rev"] ?? defaultRevision,
    ]),
  );
}

/** A tag or a revision. istio-injection wins: https://istio.io/latest/docs/setup/upgrade/canary/#data-plane */
function chosenBy(labels: Record<string, string> = {}): string | undefined {
  const injection = labels["istio-injection"];
  if (injection !== undefined) return injection === "enabled" ? defaultRevision : undefined;
  return labels["istio.io/rev"];
}

/** istiod writes it on each pod (manifests/charts/istio-control/istio-discovery/files/injection-template.yaml). */
function injectedBy(annotations: Record<string, string> = {}): string | undefined {
  const status = annotations["sidecar.istio.io/status"];
  if (status === undefined) return undefined;
  try {
    return (JSON.parse(status) as { revision?: string }).revision ?? defaultRevision;
  } catch {
    return annotations["istio.io/rev"];
  }
}

/** A ReplicaSet bears the name of its Deployment, and a hash that its pods are labelled with. */
function ownerOf({ name, labels, ownerReferences = [] }: ObjectMetadata["metadata"]): string {
  const owner = ownerReferences[0]?.name ?? name;
  const hash = labels?.["pod-template-hash"];
  return hash !== undefined && owner.endsWith(`-${hash}`) ? owner.slice(0, -hash.length - 1) : owner;
}
