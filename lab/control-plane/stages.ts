import { stringify } from "yaml";

/** How long a real cluster takes, in seconds. Each is 0 by default: at once. */
export interface Delays {
  /** Until a pod of istiod starts. */
  readonly istiod: number;
  /** Until a pod of a gateway is ready. */
  readonly gateway: number;
  /** Until a Service of type LoadBalancer has its address. */
  readonly address: number;
  /** Until a pod sees that a Secret or ConfigMap that it mounts has changed. */
  readonly mount: number;
}

interface Requirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values?: readonly string[];
}

const ALIVE: Requirement = { key: ".metadata.deletionTimestamp", operator: "DoesNotExist" };
const IS_ISTIOD: Requirement = { key: ".metadata.labels.app", operator: "In", values: ["istiod"] };
const IS_NOT_ISTIOD: Requirement = { ...IS_ISTIOD, operator: "NotIn" };
/** Istio's gateway chart labels its pods with `istio`; so does the chart of istiod. */
const HAS_ISTIO_LABEL: Requirement = { key: ".metadata.labels.istio", operator: "Exists" };

/** The first two bytes of the addresses that pods get, and Services of type LoadBalancer: `10.81`. */
export interface Ranges {
  readonly pods: string;
  readonly balancers: string;
}

/** KWOK's configuration: what happens to nodes, pods and Services instead of what a kubelet and a load balancer would do. */
export function kwokConfig(ranges: Ranges, delays: Delays): string {
  const running = status(podStatus(ranges.pods));
  const placed = status(placedStatus(ranges.pods));
  const stages = [
    stage("node-ready", "Node", 0, [readyIs("NotIn")], status(NODE_STATUS)),
    // From here on it is the business of lab/programs/istiods, its end included.
    stage("istiod-placed", "Pod", delays.istiod, [ALIVE, pending, IS_ISTIOD], placed),
    stage("gateway-ready", "Pod", delays.gateway, [ALIVE, pending, IS_NOT_ISTIOD, HAS_ISTIO_LABEL], running),
    stage(
      "pod-ready",
      "Pod",
      0,
      [ALIVE, pending, IS_NOT_ISTIOD, { ...HAS_ISTIO_LABEL, operator: "DoesNotExist" }],
      running,
    ),
    stage(
      "job-complete",
      "Pod",
      0,
      [
        ALIVE,
        { key: ".status.phase", operator: "In", values: ["Running"] },
        { key: ".metadata.ownerReferences.[].kind", operator: "In", values: ["Job"] },
      ],
      status(COMPLETE_STATUS),
    ),
    stage("pod-gone", "Pod", 0, [{ ...ALIVE, operator: "Exists" }, IS_NOT_ISTIOD], { delete: true }),
    stage(
      "address",
      "Service",
      delays.address,
      [
        ALIVE,
        { key: ".spec.type", operator: "In", values: ["LoadBalancer"] },
        { key: ".status.loadBalancer.ingress.[].ip", operator: "DoesNotExist" },
      ],
      status(balancerStatus(ranges.balancers), "merge"),
    ),
  ];
  return stages.map((document) => stringify(document)).join("---\n");
}

const pending: Requirement = { key: ".status.phase", operator: "In", values: ["Pending"] };

function readyIs(operator: "In" | "NotIn"): Requirement {
  return { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator, values: ["True"] };
}

function stage(
  name: string,
  kind: string,
  delaySeconds: number,
  matchExpressions: readonly Requirement[],
  next: Readonly<Record<string, unknown>>,
) {
  return {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "Stage",
    metadata: { name },
    spec: {
      resourceRef: { apiGroup: "v1", kind },
      selector: { matchExpressions },
      delay: { durationMilliseconds: delaySeconds * 1000 },
      next,
    },
  };
}

function status(template: string, type: "strategic" | "merge" = "strategic") {
  return { patches: [{ subresource: "status", root: "status", type, template }] };
}

const NODE_STATUS = `{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- {{ YAML . 1 }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
addresses: [{type: Hostname, address: {{ .metadata.name | Quote }}}]
allocatable: {cpu: 1k, memory: 1Ti, pods: 1M}
capacity: {cpu: 1k, memory: 1Ti, pods: 1M}
phase: Running
`;

function podStatus(range: string): string {
  return `{{ $now := Now }}
phase: Running
startTime: {{ $now | Quote }}
conditions:
{{ range list "PodReadyToStartContainers" "Initialized" "ContainersReady" "Ready" }}
- {type: {{ . }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
{{ range .spec.readinessGates }}
- {type: {{ .conditionType | Quote }}, status: "True", lastTransitionTime: {{ $now | Quote }}}
{{ end }}
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: true
  {{ if eq (default "" .restartPolicy) "Always" }}
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
  {{ else }}
  started: false
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
  {{ end }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: true
  started: true
  state: {running: {startedAt: {{ $now | Quote }}}}
{{ end }}
${podAddress(range)}`;
}

function podAddress(range: string): string {
  return `{{ $ip := ${addressIn(range, ".metadata.uid")} }}
{{ if .spec.hostNetwork }}{{ $ip = NodeIP }}{{ end }}
podIP: {{ $ip | Quote }}
podIPs: [{ip: {{ $ip | Quote }}}]
`;
}

/** A pod that has its place and address, and has yet to start. */
function placedStatus(range: string): string {
  return `phase: Running
startTime: {{ Now | Quote }}
${podAddress(range)}`;
}

const COMPLETE_STATUS = `{{ $now := Now }}
phase: Succeeded
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  restartCount: 0
  ready: false
  started: false
  state: {terminated: {exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }}}}
{{ end }}
`;

/** A Service has the same address whenever it is made again: its name decides. */
function balancerStatus(range: string): string {
  return `
loadBalancer:
  ingress:
  - ip: {{ ${addressIn(range, 'printf "%s/%s" .metadata.namespace .metadata.name')} | Quote }}
`;
}

/**
 * A template's expression: an address whose last two bytes come from a hash. KWOK's own `PodIPsWith` gives two pods the same address
 * when they are a node's first and come at once (`ipPool` in its pod_controller.go makes the node's pool twice), and after a restart.
 * @param of expression of the text that is hashed
 */
function addressIn(range: string, of: string): string {
  const hex = (from: number, to: number) =>
    `(int64 (printf "0x%s" (substr ${from} ${to} (sha256sum (${of})))))`;
  return `(printf "${range}.%d.%d" ${hex(0, 2)} (add 1 (mod ${hex(2, 6)} 254)))`;
}
