/** What status knows of a mesh: read once, judged by the checks. Nothing in here is secret. */
import type { RevisionUse } from "../../clusters/revisions-in-use";

/** Something that was read, or why it could not be. */
export type Fact<T> = { known: true; value: T } | { known: false; reason: string };

export interface MeshFacts {
  /** By the member's name. */
  members: ReadonlyMap<string, MemberFacts>;
  /** What the credentials in the peers' keys are worth, by `PeerKey.credentials`. */
  credentials: ReadonlyMap<string, CredentialFacts>;
}

export interface MemberFacts {
  /** The command that reaches the member's API server: `kubectl --context cluster1`. */
  kubectl: string;
  api: { reachable: true; version: string } | { reachable: false; message: string; remedy?: string };
  /** Value of the network label on namespace istio-system; the value is undefined where namespace or label is missing. */
  networkLabel: Fact<string | undefined>;
  /** `global.network` of the values that istiod's chart was installed with. */
  networkValue: Fact<string | undefined>;
  /** istiod's Deployments, one for each revision. */
  istiods: Fact<IstiodFacts[]>;
  /** What uses each revision; undefined where stack config names none. */
  revisions: Fact<Record<string, RevisionUse> | undefined>;
  /** Secret `cacerts`; undefined where there is none. */
  cacerts: Fact<CacertsFacts | undefined>;
  /** `ca-crl.pem` of ConfigMap `istio-ca-crl`: what istiod hands on; undefined where there is none. */
  servedCrls: Fact<string | undefined>;
  /** Keys of the Secrets that istiod takes for clusters. */
  peerKeys: Fact<PeerKey[]>;
  /** Service `istio-eastwestgateway`; undefined where there is none. */
  gateway: Fact<GatewayServiceFacts | undefined>;
  /** Gateways of Istio in istio-system, by name. */
  istioGateways: Fact<Record<string, IstioGateway>>;
  /** VirtualService `istiod-vs`; undefined where there is none. */
  istiodRoute: Fact<IstiodRoute | undefined>;
  webhooks: Fact<Webhook[]>;
  /** Addresses of ready endpoints, by the name of the Service in istio-system. */
  endpoints: Fact<Record<string, string[]>>;
  /** What each replica of istiod that is ready says of its peers, and holds of them. */
  istiodViews: Fact<IstiodView[]>;
  /** Whether a TLS handshake with the east-west gateway succeeds from here. */
  handshake: Fact<Handshake>;
}

export interface IstiodFacts {
  name: string;
  /** `1.30.5`; undefined where neither the image's tag nor the chart's label says it. */
  version?: string;
  replicas: number;
  ready: number;
}

export interface IstiodView {
  /** Name of the pod. */
  pod: string;
  /** Name of its Deployment. */
  deployment: string;
  /** Proxies that are connected to it; only where stack config names revisions. */
  proxies?: number;
  /** By the name of the peer, those that it reads; unknown where it does not say. */
  peers: Fact<ReadonlyMap<string, PeerView>>;
}

export interface PeerView {
  /** `synced`, `syncing`, `timeout` or `closed`. */
  state: string;
  /** How many of the peer's Services have ready endpoints, and those that istiod holds none of them of: `helloworld.sample`. */
  services: Fact<{ live: number; lacking: string[]; endpoints: EndpointCounts }>;
}

/** Of all addresses behind those Services that are ready. They come and go: one or two are no loss. */
export interface EndpointCounts {
  there: number;
  /** How many of them istiod holds. */
  held: number;
}

export interface CacertsFacts {
  /** Files that istiod needs and the Secret does not have. */
  missing: string[];
  /** PEM. */
  certificate: string;
  chain: string;
  bundle: string;
  /** The CRLs; empty where there are none. */
  crls: string;
  /** Whether `ca-key.pem` is the key of `ca-cert.pem`. */
  keyFits: boolean;
}

export interface PeerKey {
  /** The cluster ID under which istiod files what it reads. */
  cluster: string;
  /** Name of the Secret. */
  secret: string;
  /** Stands for the kubeconfig: a hash of it. */
  credentials: string;
}

export type CredentialFacts =
  /** Not a kubeconfig that istiod could use. */
  | { usable: false; reason: string }
  | {
      usable: true;
      server: string;
      /** When its token ends, where that says so: one that stands in a Secret does not. */
      tokenEnds?: Date;
      /** Authenticated or not; unknown where its server is not reached from here. */
      rights: Fact<Rights>;
    };

export interface Rights {
  authenticated: boolean;
  /** What istiod needs and these credentials may not: "list secrets". */
  lacking: string[];
  /** What they may and istiod does not need: "delete secrets". */
  excess: string[];
}

export interface GatewayServiceFacts {
  type: string;
  network?: string;
  /** IP addresses and host names that the load balancer gave. */
  addresses: string[];
  ports: number[];
}

export interface IstioGateway {
  selector: Record<string, string>;
  servers: { port: number; protocol: string; mode?: string; hosts: string[] }[];
}

export interface IstiodRoute {
  gateways: string[];
  /** By the gateway's port: host and port that it passes TLS on to, whatever name is asked for. */
  destinations: Record<number, string>;
}

export interface Webhook {
  /** Name of the configuration that it is part of. */
  configuration: string;
  name: string;
  kind: "injection" | "validation";
  target: { service: string; namespace: string; path: string } | { url: string };
  hasCaBundle: boolean;
}

export type Handshake =
  /** A certificate by a root that the member trusts was shown. */
  | { outcome: "trusted" }
  /** One by nobody it trusts, or an expired one. */
  | { outcome: "untrusted"; code: string }
  /** The connection was accepted and closed before a certificate was shown. */
  | { outcome: "closed"; code: string };

export function known<T>(value: T): Fact<T> {
  return { known: true, value };
}

export function unknown(reason: string): { known: false; reason: string } {
  return { known: false, reason };
}
