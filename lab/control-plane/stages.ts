import { stringify } from "yaml";

/** How long a real cluster takes, in seconds. Each is 0 by default: at once. */
export interface Delays {
  /** Until a pod of istiod is ready. */
  readonly istiod: number;
  /** Until a pod of a gateway is ready. */
  readonly gateway: number;
  /** Until a Service of type LoadBalancer has its address. */
  readonly address: number;
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

/**
 * KWOK's configuration: what happens to nodes, pods and Services instead of what a kubelet and a load balancer would do.
 * @param balancerRange the first two bytes of the addresses that Services of type LoadBalancer get
 */
export function kwokConfig(balancerRange: string, delays: Delays): string {
  const stages = [
    stage("node-ready", "Node", 0, [readyIs("NotIn")], status(NODE_STATUS)),
    stage("istiod-ready", "Pod", delays.istiod, [ALIVE, pending, IS_ISTIOD], status(POD_STATUS)),
    stage(
      "gateway-ready",
      "Pod",
      delays.gateway,
      [ALIVE, pending, IS_NOT_ISTIOD, HAS_ISTIO_LABEL],
      status(POD_STATUS),
    ),
    stage(
      "pod-ready",
      "Pod",
      0,
      [ALIVE, pending, IS_NOT_ISTIOD, { ...HAS_ISTIO_LABEL, operator: "DoesNotExist" }],
      status(POD_STATUS),
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
    stage("pod-gone", "Pod", 0, [{ ...ALIVE, operator: "Exists" }], { delete: true }),
    stage(
      "address",
      "Service",
      delays.address,
      [
        ALIVE,
        { key: ".spec.type", operator: "In", values: ["LoadBalancer"] },
        { key: ".status.loadBalancer.ingress.[].ip", operator: "DoesNotExist" },
      ],
      status(balancerStatus(balancerRange), "merge"),
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
allocatable: {cpu: 1k, memory: 1Ti, pods: 1M}
capacity: {cpu: 1k, memory: 1Ti, pods: 1M}
phase: Running
`;

const POD_STATUS = `{{ $now := Now }}
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
{{ with PodIPsWith .spec.nodeName (default false .spec.hostNetwork) .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index . 0 | Quote }}
podIPs: [{ip: {{ index . 0 | Quote }}}]
{{ end }}
`;

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

/** The last two bytes come from a hash of the Service's name, so that it has the same address whenever it is made again. */
function balancerStatus(range: string): string {
  return `{{ $hash := sha256sum (printf "%s/%s" .metadata.namespace .metadata.name) }}
{{ $third := int64 (printf "0x%s" (substr 0 2 $hash)) }}
{{ $fourth := add 1 (mod (int64 (printf "0x%s" (substr 2 6 $hash))) 254) }}
loadBalancer:
  ingress:
  - ip: {{ printf "${range}.%d.%d" $third $fourth | Quote }}
`;
}
