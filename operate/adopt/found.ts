/** What stands in the clusters of a mesh that was installed by hand, as far as it says what Weft's config has to be. */
import type { HelmValues } from "../../mesh/istio-values";

/** A release of Helm in istio-system, at its last revision. */
export interface Release {
  name: string;
  /** Name of its chart. */
  chart: string;
  version: string;
  /** `deployed`, or what is under way or went wrong. */
  status: string;
  /** What was given beside the chart's own. */
  values: HelmValues;
}

/** Contents of Secret `cacerts`: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
export interface Cacerts {
  certificate: string;
  /** Secret. */
  key: string;
  chain: string;
  bundle: string;
  /** Names of further files in it. */
  others: string[];
}

/** A Secret whose keys istiod takes for clusters. */
export interface RemoteSecret {
  name: string;
  /** URL and TLS name of the API server that the key of each cluster leads to; undefined where its kubeconfig is not understood. */
  clusters: Record<string, { server: string; tlsServerName?: string } | undefined>;
}

export interface FoundMember {
  /** The command that reaches its API server: `kubectl --context cluster1`. */
  kubectl: string;
  /** Server of the kubeconfig by which Weft reaches it. */
  server: string;
  /** Labels and annotations of namespace istio-system; undefined where there is none. */
  namespace?: { labels: Record<string, string>; annotations: Record<string, string> };
  releases: Release[];
  /** Deployments of istiod, by name: wanted replicas. */
  istiods: Record<string, number>;
  cacerts?: Cacerts;
  remoteSecrets: RemoteSecret[];
  /** Objects in istio-system that Weft makes in every mesh, and that are there: `Secret weft-peers`. */
  objects: string[];
  /** Mode of the mesh-wide PeerAuthentication `default`; undefined where there is none. */
  mtls?: string;
  /** Spec of the mesh-wide Telemetry `mesh-default`. */
  telemetry?: Record<string, unknown>;
}
