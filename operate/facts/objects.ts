/** From objects as an API server gives them to what the checks look at. Pure. */
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { versionOf, type Deployment } from "../../clusters/inspect";
import type {
  CacertsFacts,
  GatewayServiceFacts,
  IstiodFacts,
  IstiodRoute,
  IstioGateway,
  PeerKey,
  Webhook,
} from "./facts";

export interface Metadata {
  name: string;
  namespace?: string;
  labels?: Record<string, string>;
}

export type LiveDeployment = Deployment & {
  metadata: Metadata;
  spec: { replicas?: number };
  status?: { readyReplicas?: number };
};

export function istiodFacts(deployment: LiveDeployment): IstiodFacts {
  const { metadata, spec, status } = deployment;
  return {
    name: metadata.name,
    version: versionOf(deployment),
    replicas: spec.replicas ?? 1,
    ready: status?.readyReplicas ?? 0,
  };
}

export interface Secret {
  metadata: Metadata;
  data?: Record<string, string>;
}

/** https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
const cacertsFiles = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"];

export function cacertsFacts({ data = {} }: Secret): CacertsFacts {
  const file = (name: string) => Buffer.from(data[name] ?? "", "base64").toString("utf8");
  return {
    missing: cacertsFiles.filter((name) => file(name).trim() === ""),
    certificate: file("ca-cert.pem"),
    chain: file("cert-chain.pem"),
    bundle: file("root-cert.pem"),
    crls: file("ca-crl.pem"),
    keyFits: fits(file("ca-cert.pem"), file("ca-key.pem")),
  };
}

function fits(certificate: string, key: string): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

/** Every key of such a Secret is a cluster to istiod. */
export function peerKeys({ metadata, data = {} }: Secret): (PeerKey & { kubeconfig: string })[] {
  return Object.entries(data).map(([cluster, value]) => {
    const kubeconfig = Buffer.from(value, "base64").toString("utf8");
    const credentials = createHash("sha256").update(kubeconfig).digest("hex");
    return { cluster, secret: metadata.name, credentials, kubeconfig };
  });
}

export interface Service {
  metadata: Metadata;
  spec: { type?: string; ports?: { port: number }[] };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

export function gatewayFacts({ metadata, spec, status }: Service): GatewayServiceFacts {
  return {
    type: spec.type ?? "ClusterIP",
    network: metadata.labels?.["topology.istio.io/network"],
    addresses: (status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []),
    ports: (spec.ports ?? []).map(({ port }) => port),
  };
}

export interface Gateway {
  metadata: Metadata;
  spec?: {
    selector?: Record<string, string>;
    servers?: {
      port?: { number?: number; protocol?: string };
      tls?: { mode?: string };
      hosts?: string[];
    }[];
  };
}

export function istioGateway({ spec }: Gateway): IstioGateway {
  return {
    selector: spec?.selector ?? {},
    servers: (spec?.servers ?? []).map(({ port, tls, hosts }) => ({
      port: port?.number ?? 0,
      protocol: port?.protocol ?? "",
      mode: tls?.mode,
      hosts: hosts ?? [],
    })),
  };
}

export interface VirtualService {
  spec?: {
    gateways?: string[];
    tls?: {
      match?: { port?: number; sniHosts?: string[] }[];
      route?: { destination?: { host?: string; port?: { number?: number } } }[];
    }[];
  };
}

export function istiodRoute({ spec }: VirtualService): IstiodRoute {
  const destinations: Record<number, string> = {};
  for (const { match = [], route = [] } of spec?.tls ?? []) {
    const { host, port } = route[0]?.destination ?? {};
    for (const { port: at, sniHosts } of match) {
      if (at !== undefined && sniHosts?.includes("*")) destinations[at] = `${host}:${port?.number}`;
    }
  }
  return { gateways: spec?.gateways ?? [], destinations };
}

export interface WebhookConfiguration {
  metadata: Metadata;
  webhooks?: {
    name: string;
    clientConfig: {
      url?: string;
      service?: { name: string; namespace: string; path?: string };
      caBundle?: string;
    };
  }[];
}

export function webhooksOf(kind: Webhook["kind"], { metadata, webhooks }: WebhookConfiguration): Webhook[] {
  return (webhooks ?? []).map(({ name, clientConfig: { url, service, caBundle } }) => ({
    configuration: metadata.name,
    name,
    kind,
    target: service
      ? { service: service.name, namespace: service.namespace, path: service.path ?? "" }
      : { url: url ?? "" },
    hasCaBundle: (caBundle ?? "") !== "",
  }));
}

export interface EndpointSlice {
  metadata: Metadata;
  addressType?: string;
  ports?: unknown[] | null;
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] | null;
}

/** Ready addresses by Service. A slice that says nothing of readiness is taken for ready, as Kubernetes does. */
export function readyAddresses(slices: EndpointSlice[]): Record<string, string[]> {
  const ready: Record<string, string[]> = {};
  for (const { metadata, endpoints } of slices) {
    const service = metadata.labels?.["kubernetes.io/service-name"];
    if (service === undefined) continue;
    const addresses = (endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap((endpoint) => endpoint.addresses);
    ready[service] = [...(ready[service] ?? []), ...addresses];
  }
  return ready;
}

export interface ConfigMap {
  metadata: Metadata;
  data?: Record<string, string>;
}

/** What istiod gives the proxies of namespace istio-system, as of each. */
export function servedCrls(configMaps: ConfigMap[]): string | undefined {
  return configMaps.find(({ metadata }) => metadata.name === "istio-ca-crl")?.data?.["ca-crl.pem"];
}

/** `global.network` in ConfigMap `values` of istiod's chart. */
export function networkValue(configMaps: ConfigMap[]): string | undefined {
  const merged = configMaps.find(({ metadata }) => /^values(-|$)/.test(metadata.name))?.data?.[
    "merged-values"
  ];
  if (merged === undefined) return undefined;
  try {
    const values = JSON.parse(merged) as { global?: { network?: string } };
    return values.global?.network || undefined;
  } catch {
    return undefined;
  }
}
