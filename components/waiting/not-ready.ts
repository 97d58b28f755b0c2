/** Why what a Helm release has installed is not ready, as its cluster says it. */

interface Metadata {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  deletionTimestamp?: string;
}

interface Condition {
  type: string;
  status: string;
  message?: string;
}

/** A Deployment or a DaemonSet. */
export interface Workload {
  metadata: Metadata;
  spec: { selector: { matchLabels?: Record<string, string> } };
  status?: { conditions?: Condition[] };
}

interface ContainerStatus {
  name: string;
  state?: { waiting?: { reason?: string; message?: string } };
  lastState?: { terminated?: { reason?: string; exitCode: number } };
}

export interface Pod {
  metadata: Metadata;
  status?: {
    conditions?: Condition[];
    initContainerStatuses?: ContainerStatus[];
    containerStatuses?: ContainerStatus[];
  };
}

export interface Service {
  metadata: Metadata;
  spec: { type?: string };
  status?: { loadBalancer?: { ingress?: unknown[] } };
}

/** What stands in the namespace of a release. */
export interface Contents {
  workloads: Workload[];
  pods: Pod[];
  services: Service[];
}

/** In words, a cause each; empty where all is ready. */
export function notReady(release: string, { workloads, pods, services }: Contents): string[] {
  const isOfRelease = ({ metadata }: { metadata: Metadata }) =>
    metadata.annotations?.["meta.helm.sh/release-name"] === release;
  const own = workloads.filter(isOfRelease);
  return [
    ...own.flatMap(refusedPods),
    ...pods.filter((pod) => own.some((workload) => selects(workload, pod))).flatMap(causesIn),
    ...services.filter(isOfRelease).flatMap(withoutAddress),
  ];
}

/** Its pods are not even created: a quota, a webhook or Pod Security is against it. */
function refusedPods({ metadata, status }: Workload): string[] {
  const failure = status?.conditions?.find(({ type }) => type === "ReplicaFailure");
  return failure?.status === "True" ? [`${metadata.name} gets no pods: ${failure.message}`] : [];
}

function selects({ spec }: Workload, { metadata }: Pod): boolean {
  const labels = Object.entries(spec.selector.matchLabels ?? {});
  return labels.every(([key, value]) => metadata.labels?.[key] === value);
}

function causesIn({ metadata, status }: Pod): string[] {
  const condition = (wanted: string) => status?.conditions?.find(({ type }) => type === wanted);
  if (metadata.deletionTimestamp !== undefined || condition("Ready")?.status === "True") return [];
  const pod = `pod ${metadata.name}`;
  const scheduled = condition("PodScheduled");
  if (scheduled?.status === "False") return [`${pod} is not scheduled: ${scheduled.message}`];
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const causes = containers.flatMap(({ name, state, lastState }) => {
    const { reason, message } = state?.waiting ?? {};
    if (reason === undefined || ["ContainerCreating", "PodInitializing"].includes(reason)) return [];
    const end = lastState?.terminated;
    const ended = end && `it ended with ${end.exitCode}${end.reason ? ` (${end.reason})` : ""}`;
    return [`${name} in ${pod}: ${[reason, message, ended].filter(Boolean).join(", ")}`];
  });
  return causes.length > 0 ? causes : [`${pod} is not ready`];
}

function withoutAddress({ metadata, spec, status }: Service): string[] {
  const isWaiting = spec.type === "LoadBalancer" && (status?.loadBalancer?.ingress ?? []).length === 0;
  return isWaiting ? [`no load balancer has given Service ${metadata.name} an address`] : [];
}
