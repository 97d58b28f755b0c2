/** Helm values of Istio's gateway chart, 1.28 to 1.31. Pure. Its schema refuses every key that it does not know. */
import type { HelmValues } from "../../mesh/istio-values";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { defaultRevision, taggedRevision, workloadRevision } from "../../mesh/revisions";
import { istioNamespace } from "../kubernetes";

/** Also the releases' names; Istio's Gateways select by the label `istio`, the name without `istio-`. */
export const eastWestName = "istio-eastwestgateway";
export const ingressName = "istio-ingressgateway";

export interface GatewayServiceArgs {
  type: "LoadBalancer" | "NodePort" | "ClusterIP";
  annotations: Record<string, string>;
  /** CIDRs that may reach the load balancer; empty: everyone. */
  loadBalancerSourceRanges: string[];
}

interface CommonArgs extends InjectorOfGateway {
  service: GatewayServiceArgs;
  imagePullSecrets?: string[];
  platform?: string;
}

interface InjectorOfGateway {
  /** `istio.io/rev` of the istiod that injects the gateway; default: it follows tag `default`. */
  revision?: string;
  /** The revision that the tag leads to. Another one restarts the gateway; default: the istiod without a revision. */
  tagged?: string;
}

/** What injects the gateways of a member. */
export function injector({ config }: MeshSpec, { istio }: Member): InjectorOfGateway {
  const revision = workloadRevision(config.istio);
  const { name } = taggedRevision(istio);
  return { revision, tagged: revision !== undefined || name === defaultRevision ? undefined : name };
}

export interface EastWestArgs extends CommonArgs {
  /** Network that the gateway leads into. */
  network: string;
  /** The istiods may find it by its Service; default: true. */
  isDiscovered?: boolean;
  /** Other clusters reach its member's istiod through it. */
  exposesIstiod: boolean;
  /** Node port of 15443, for Services of type NodePort; default: one that Kubernetes chooses. */
  nodePort?: number;
}

/**
 * Values of the east-west gateway: ports 15021 (status), 15443 (services) and, where remotes come to istiod, 15012 and 15017.
 *
 * Not the chart's `networkGateway`, which opens all four everywhere, knows no node port and leaves 15443 out of the chart's
 * NetworkPolicy. What it stands for is written out: the label on Service and pods, the proxy's network view, the ports.
 */
export function eastWestValues(args: EastWestArgs): HelmValues {
  const { network, isDiscovered = true, exposesIstiod, service } = args;
  const nodePort = service.type === "NodePort" ? args.nodePort : undefined;
  const istiod = exposesIstiod ? [port("tls-istiod", 15012), port("tls-webhook", 15017)] : [];
  return {
    name: eastWestName,
    ...(isDiscovered && { labels: { "topology.istio.io/network": network } }),
    env: { ISTIO_META_REQUESTED_NETWORK_VIEW: network },
    ...noSecrets,
    ...common(args, [port("status-port", 15021), port("tls", 15443, nodePort), ...istiod]),
  };
}

export interface IngressArgs extends CommonArgs {
  namespace: string;
  /** Fixed node ports of 80 and 443, for Services of type NodePort; default: those that Kubernetes chooses. */
  nodePorts?: { http: number; https: number };
}

/** Values of the north-south gateway: ports 15021 (status), 80 and 443. */
export function ingressValues(args: IngressArgs): HelmValues {
  const { namespace, nodePorts } = args;
  const ports =
    nodePorts && args.service.type === "NodePort"
      ? [port("status-port", 15021), port("http2", 80, nodePorts.http), port("https", 443, nodePorts.https)]
      : undefined;
  return { name: ingressName, ...(namespace === istioNamespace && noSecrets), ...common(args, ports) };
}

/** The chart's Role lets the gateway read every Secret of its namespace: in istio-system the CA's key and the peers' tokens. */
const noSecrets = { rbac: { enabled: false } };

interface ServicePort {
  name: string;
  port: number;
  targetPort: number;
  protocol: "TCP";
  nodePort?: number;
}

function port(name: string, number: number, nodePort?: number): ServicePort {
  return { name, port: number, targetPort: number, protocol: "TCP", ...(nodePort && { nodePort }) };
}

function common(
  { service, revision, tagged, imagePullSecrets = [], platform }: CommonArgs,
  ports?: ServicePort[],
): HelmValues {
  const { type, annotations, loadBalancerSourceRanges } = service;
  return {
    ...(platform && { global: { platform } }),
    ...(revision && { revision }),
    ...(tagged && { podAnnotations: { "weft.dev/revision": tagged } }),
    ...(imagePullSecrets.length > 0 && { imagePullSecrets: imagePullSecrets.map((name) => ({ name })) }),
    service: {
      type,
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(loadBalancerSourceRanges.length > 0 && { loadBalancerSourceRanges }),
      ...(ports && { ports: ports.toSorted(fixedFirst) }),
    },
  };
}

/** Kubernetes takes a Service's ports in turn, and may choose for one the node port that a later one is given (initNodePorts). */
const fixedFirst = (a: ServicePort, b: ServicePort) => Number(!a.nodePort) - Number(!b.nodePort);
