/** Reads a member of a mesh that was installed by hand. Changes nothing. */
import { ApiClient, ApiServerError, defaultTimeoutMs, type List } from "../../clusters/api-client";
import { explain, kubectl } from "../../clusters/explain";
import { eastWestName } from "../../components/gateway/gateway-chart-values";
import type { Kubeconfigs } from "../../clusters/kubeconfig";
import { addressIn } from "../../clusters/known-peers";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { ConfigError, type Problem } from "../../mesh/problems";
import type { Cacerts, FoundMember, RemoteSecret } from "./found";
import { releasesIn } from "./release";

/**
 * Reads all members at once.
 * @throws ConfigError with the problems of all that could not be read.
 */
export async function readFound(
  { members }: MeshSpec,
  kubeconfigs: Kubeconfigs,
  timeoutMs = defaultTimeoutMs,
): Promise<Map<string, FoundMember>> {
  const problems: Problem[] = [];
  const found = new Map<string, FoundMember>();
  await Promise.all(
    members.map(async (member) => {
      const kubeconfig = kubeconfigs.get(member.name)!;
      try {
        const api = await ApiClient.of(kubeconfig, timeoutMs);
        try {
          found.set(member.name, {
            kubectl: kubectl(member, kubeconfig),
            server: kubeconfig.server,
            ...(await readObjects(api)),
          });
        } finally {
          api.close();
        }
      } catch (error) {
        problems.push(
          error instanceof ApiServerError && error.code === "403"
            ? forbidden(member, kubeconfig.context)
            : explain(error, member, kubeconfig, timeoutMs),
        );
      }
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

function forbidden({ path }: Member, context: string): Problem {
  return {
    path,
    value: context,
    message:
      "The user of this context may not read namespace istio-system, its Secrets, its Deployments and Istio's objects in it.",
    remedy: "Give it the ClusterRole of docs/rights.yaml, or use one with cluster-admin.",
  };
}

interface Metadata {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface Secret {
  metadata: Metadata;
  data?: Record<string, string>;
}

interface Deployment {
  metadata: Metadata;
  spec: { replicas?: number };
}

interface Spec<T> {
  metadata: Metadata;
  spec?: T;
}

const core = "/api/v1/namespaces/istio-system";

async function readObjects(api: ApiClient): Promise<Omit<FoundMember, "kubectl" | "server">> {
  const items = async <T>(path: string) => (await api.get<List<T>>(path))?.items ?? [];
  const istio = <T>(group: string, plural: string, name: string) =>
    api.get<Spec<T>>(`/apis/${group}/v1/namespaces/istio-system/${plural}/${name}`);
  const [namespace, secrets, istiods, eastWest, gateway, authentication, telemetry] = await Promise.all([
    api.get<{ metadata: Metadata }>(core),
    items<Secret>(`${core}/secrets`),
    items<Deployment>("/apis/apps/v1/namespaces/istio-system/deployments?labelSelector=app%3Distiod"),
    api.get<{ metadata: Metadata }>(`${core}/services/${eastWestName}`),
    istio("networking.istio.io", "gateways", "cross-network-gateway"),
    istio<{ mtls?: { mode?: string } }>("security.istio.io", "peerauthentications", "default"),
    istio<Record<string, unknown>>("telemetry.istio.io", "telemetries", "mesh-default"),
  ]);
  const cacerts = secrets.find(({ metadata }) => metadata.name === "cacerts");
  return {
    namespace: namespace && {
      labels: namespace.metadata.labels ?? {},
      annotations: namespace.metadata.annotations ?? {},
    },
    releases: releasesIn(
      secrets
        .filter(({ metadata }) => metadata.labels?.["owner"] === "helm")
        .flatMap(({ data }) => data?.["release"] ?? []),
    ),
    istiods: Object.fromEntries(istiods.map(({ metadata, spec }) => [metadata.name, spec.replicas ?? 1])),
    cacerts: cacerts && cacertsIn(cacerts),
    remoteSecrets: secrets
      .filter(({ metadata }) => metadata.labels?.["istio/multiCluster"] === "true")
      .map(remoteSecretIn),
    objects: [
      ...secrets.map(({ metadata }) => `Secret ${metadata.name}`),
      ...(eastWest === undefined ? [] : [`Service ${eastWestName}`]),
      ...(gateway === undefined ? [] : ["Gateway cross-network-gateway"]),
      ...(authentication === undefined ? [] : ["PeerAuthentication default"]),
      ...(telemetry === undefined ? [] : ["Telemetry mesh-default"]),
    ],
    // Istio's default where the object leaves it out.
    mtls: authentication && (authentication.spec?.mtls?.mode ?? "PERMISSIVE"),
    telemetry: telemetry?.spec,
  };
}

/** https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
const files = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"] as const;

function cacertsIn({ data = {} }: Secret): Cacerts {
  const [certificate, key, chain, bundle] = files.map((file) => decode(data[file] ?? "")) as [
    string,
    string,
    string,
    string,
  ];
  const others = Object.keys(data).filter((file) => !(files as readonly string[]).includes(file));
  return { certificate, key, chain, bundle, others };
}

function remoteSecretIn({ metadata, data = {} }: Secret): RemoteSecret {
  const clusters = Object.entries(data).map(([cluster, value]) => {
    const address = addressIn(decode(value));
    return [cluster, address && { server: address.server, tlsServerName: address.tlsServerName }] as const;
  });
  return { name: metadata.name, clusters: Object.fromEntries(clusters) };
}

const decode = (text: string) => Buffer.from(text, "base64").toString("utf8");
