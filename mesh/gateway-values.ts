/** Helm values of Istio's gateway chart, 1.28 to 1.31, that a person may add. */
import { z } from "zod";
import { conflicts, type HelmValues, type Reserved, type ValueConflict } from "./istio-values";
import { flag, text, whole } from "./schema/forms";

const map = z.record(z.string(), z.unknown(), { error: "a map" });
const list = z.array(z.unknown(), { error: "a list" });
/** Empty text stands for the chart's default. */
const optionalText = z.string({ error: "text" });
const section = <Keys extends z.core.$ZodShape>(keys: Keys) =>
  z.looseObject(keys, { error: "a map" }).partial();

/**
 * The chart's values.schema.json, by its keys: it refuses every other one, but only in the middle of an `up`. Where the chart can be read,
 * its schema judges as well (chart-schema.ts).
 */
export const gatewayChart = z
  .strictObject({
    affinity: map,
    additionalContainers: list,
    annotations: map,
    autoscaling: section({
      enabled: flag(),
      minReplicas: whole(1),
      maxReplicas: whole(1),
      targetCPUUtilizationPercentage: whole(1),
    }),
    compatibilityVersion: text,
    containerSecurityContext: map.nullable(),
    defaultRevision: text,
    dnsConfig: map,
    dnsPolicy: optionalText,
    enabled: flag(),
    env: map,
    envVarFrom: list,
    global: map,
    imagePullPolicy: z.enum(["", "Always", "IfNotPresent", "Never"]),
    imagePullSecrets: list,
    initContainers: list,
    kind: z.enum(["Deployment", "DaemonSet"]),
    labels: map,
    lifecycle: map,
    minReadySeconds: whole(0).nullable(),
    name: text,
    networkGateway: optionalText,
    networkGatewayPorts: map,
    nodeSelector: map,
    pilot: map,
    platform: text,
    podAnnotations: map,
    podDisruptionBudget: map,
    priorityClassName: optionalText,
    profile: text,
    rbac: section({ enabled: flag() }),
    readinessProbe: map.nullable(),
    replicaCount: whole(0).nullable(),
    resources: section({ limits: map.nullable(), requests: map.nullable() }),
    revision: optionalText,
    runAsRoot: flag(),
    securityContext: map.nullable(),
    service: section({
      externalIPs: list,
      externalTrafficPolicy: optionalText,
      healthCheckNodePort: whole(1, 65535),
      ipFamilies: z.array(z.enum(["IPv4", "IPv6"]), { error: "a list" }),
      ipFamilyPolicy: z.enum(["", "SingleStack", "PreferDualStack", "RequireDualStack"]),
      loadBalancerIP: optionalText,
      ports: list,
      selectorLabels: map,
    }),
    serviceAccount: section({ annotations: map, create: flag(), name: optionalText }),
    strategy: map,
    terminationGracePeriodSeconds: whole(0),
    tolerations: list,
    topologySpreadConstraints: list,
    unprivilegedPort: z.union([flag(), z.literal("auto")], { error: "true, false or auto" }),
    volumeMounts: list,
    volumes: list,
  })
  .partial();

const beside = "Set it in `service`, beside `values`.";
const selected = "Gateways select the pods by it.";
const byNetwork = "It is the member's `network`.";

const ofBoth: Reserved[] = [
  [["name"], selected],
  [["labels", "app"], selected],
  [["labels", "istio"], selected],
  [["revision"], "Set `weft:mesh.istio.revision`."],
  [["imagePullSecrets"], "Set `weft:mesh.istio.imagePullSecrets`."],
  [["networkGateway"], "Weft writes out what it stands for, in the east-west gateway."],
  [["networkGatewayPorts"], "Weft opens the ports that the mesh needs."],
  [["service", "type"], beside],
  [["service", "annotations"], beside],
  [["service", "loadBalancerSourceRanges"], beside],
];

const ofEastWest: Reserved[] = [
  ...ofBoth,
  [["service", "ports"], "Weft opens the ports that the mesh needs."],
  [["labels", "topology.istio.io/network"], byNetwork],
  [["env", "ISTIO_META_REQUESTED_NETWORK_VIEW"], byNetwork],
  [["rbac", "enabled"], "In its namespace is the CA's key, which the gateway must not read."],
];

/** What in a person's values for a gateway is not theirs to set. */
export function gatewayConflicts(gateway: "eastWest" | "ingress", extra: HelmValues): ValueConflict[] {
  return conflicts(extra, gateway === "eastWest" ? ofEastWest : ofBoth);
}
