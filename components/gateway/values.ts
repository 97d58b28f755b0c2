/** Helm values of Istio's gateway chart, 1.28 to 1.31. Pure. Its schema refuses every key that it does not know. */
import type { HelmValues } from "../../mesh/istio-values";

/** Also the releases' names; Istio's Gateways select by the label `istio`, the name without `istio-`. */
export const eastWestName = "istio-eastwestgateway";
export const ingressName = "istio-ingressgateway";

export interface GatewayServiceArgs {
  type: "LoadBalancer" | "NodePort" | "ClusterIP";
  annotations: Record<string, string>;
  /** CIDRs that may reach the load balancer; empty: everyone. */
  loadBalancerSourceRanges: string[];
}

interface CommonArgs {
  service: GatewayServiceArgs;
  /** `istio.io/rev` of the istiod that injects the gateway. */
  revision?: string;
  imagePullSecrets?: string[];
}

export interface EastWestArgs extends CommonArgs {
  /** Network that the gateway leads into. */
  network: string;
  /** Of its member. */
  role: "primary" | "remote";
  /** Node port of 15443, for Services of type NodePort; default: one that Kubernetes chooses. */
  nodePort?: number;
}

/**
 * Values of the east-west gateway: ports 15021 (status), 15443 (services) and, on a primary, 15012 and 15017 (istiod).
 * Not on a remote: Gateway `istiod-gateway` of its primary holds for the gateways of both, so they would lead to that
 * istiod, past the primary's source ranges.
 *
 * `networkGateway` opens all of these ports and knows no node port; where that does not fit, what it stands for is
 * written out: the label on Service and pods, the proxy's network view, the ports.
 */
export function eastWestValues(args: EastWestArgs): HelmValues {
  const { network, role } = args;
  const nodePort = args.service.type === "NodePort" ? args.nodePort : undefined;
  if (nodePort === undefined && role === "primary") {
    return { name: eastWestName, networkGateway: network, ...common(args) };
  }
  const istiod = role === "primary" ? [port("tls-istiod", 15012), port("tls-webhook", 15017)] : [];
  return {
    name: eastWestName,
    labels: { "topology.istio.io/network": network },
    env: { ISTIO_META_REQUESTED_NETWORK_VIEW: network },
    ...common(args, [port("status-port", 15021), port("tls", 15443, nodePort), ...istiod]),
  };
}

export interface IngressArgs extends CommonArgs {
  /** Fixed node ports of 80 and 443, for Services of type NodePort; default: those that Kubernetes chooses. */
  nodePorts?: { http: number; https: number };
}

/** Values of the north-south gateway: ports 15021 (status), 80 and 443. */
export function ingressValues(args: IngressArgs): HelmValues {
  const { nodePorts } = args;
  const ports =
    nodePorts && args.service.type === "NodePort"
      ? [port("status-port", 15021), port("http2", 80, nodePorts.http), port("https", 443, nodePorts.https)]
      : undefined;
  return { name: ingressName, ...common(args, ports) };
}

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

function common({ service, revision, imagePullSecrets = [] }: CommonArgs, ports?: ServicePort[]): HelmValues {
  const { type, annotations, loadBalancerSourceRanges } = service;
  return {
    ...(revision && { revision }),
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
