/** What preflight asks one cluster. */
import semver from "semver";
import { brokenRotation, versionIn } from "../mesh/istio-versions";
import type { LiveIstiod, LiveMember } from "../mesh/live-member";
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { defaultRevision, type Revision } from "../mesh/revisions";
import { peersOf, readersOf } from "../mesh/topology";
import { ApiClient, ApiServerError, type List } from "./api-client";
import type { ResolvedKubeconfig } from "./kubeconfig";
import { knownPeersIn, peerKeysIn, type PeerKey } from "./known-peers";
import { readerServiceAccount } from "./reader-tokens";
import { inWords, revisionsInUse, tagsIn } from "./revisions-in-use";

export interface Inspection {
  live: LiveMember;
  /** `1.34.2`, as the API server says it. */
  kubernetesVersion: string;
  /** UID of namespace kube-system, which stands for the cluster; undefined where it may not be read. */
  clusterUid?: string;
  /** What Weft does and this user may not: "create secrets in istio-system". */
  denied: string[];
  /** PEM of the CA by which the peers know the API server; undefined where it may not be read. */
  clusterCa?: string;
  /** How far the clock of the API server is ahead of this machine's, in milliseconds; undefined where it does not say. */
  clockOffsetMs?: number;
  /**
   * Secret. The newest token that does not end, by which the peers read it; undefined before the first `up`, where nobody reads it, and
   * where its tokens end.
   */
  readerToken?: string;
  /** Secret. What its PeerSecrets hold, by peer. Read only where it reads a member whose tokens are to end. */
  peerKeys?: Record<string, PeerKey>;
}

interface Permission {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
  name?: string;
  namespace?: string;
}

/** A handful that stands for all: who may do these may do the rest, in every role that people use. */
const needed: Permission[] = [
  { verb: "get", group: "", resource: "namespaces" },
  { verb: "create", group: "", resource: "namespaces" },
  { verb: "create", group: "apiextensions.k8s.io", resource: "customresourcedefinitions" },
  { verb: "create", group: "rbac.authorization.k8s.io", resource: "clusterroles" },
  { verb: "create", group: "", resource: "secrets", namespace: "istio-system" },
  { verb: "get", group: "", resource: "secrets", namespace: "istio-system" },
  { verb: "list", group: "", resource: "secrets", namespace: "istio-system" },
  { verb: "list", group: "apps", resource: "deployments", namespace: "istio-system" },
];

/** Where tokens are to end. */
const neededForTokens: Permission = {
  verb: "create",
  group: "",
  resource: "serviceaccounts",
  subresource: "token",
  name: readerServiceAccount,
  namespace: "istio-system",
};

/** @throws CredentialsError, ApiServerError */
export async function inspect(
  mesh: MeshSpec,
  { name, istio, remoteAccess }: Member,
  kubeconfig: ResolvedKubeconfig,
  timeoutMs: number,
): Promise<Inspection> {
  const api = await ApiClient.of(kubeconfig, timeoutMs);
  try {
    const version = await api.get<{ gitVersion?: string }>("/version");
    const kubernetesVersion = semver.coerce(version?.gitVersion)?.version;
    const { clockOffsetMs } = api;
    if (kubernetesVersion === undefined) throw new ApiServerError("answer", "200");
    const isRead = readersOf(mesh, name).length > 0;
    const ends = isRead && remoteAccess.tokenLifetimeHours !== undefined;
    const readsEnding = peersOf(mesh, name).some(
      (peer) => peer.remoteAccess.tokenLifetimeHours !== undefined,
    );
    const secrets = readerSecretsIn(api);
    const [
      denied,
      clusterUid,
      namespace,
      ingress,
      eastWest,
      istiod,
      readerSecrets,
      trust,
      clusterCa,
      readerToken,
      peerKeys,
    ] = await Promise.all([
      deniedTo(api, ends ? [...needed, neededForTokens] : needed),
      uidOf(api),
      namespaceIn(api),
      gatewayIn(api, "istio-ingressgateway"),
      gatewayIn(api, "istio-eastwestgateway"),
      istiodIn(api, istio.revisions),
      secrets,
      trustIn(api),
      clusterCaOf(api),
      isRead
        ? secrets.then(({ tokenGenerations }) => readerTokenIn(api, tokenGenerations.at(-1)))
        : undefined,
      readsEnding ? unlessForbidden(peerKeysIn(api)) : undefined,
    ]);
    return {
      live: { name, namespace, ingress, eastWest, ...istiod, ...readerSecrets, ...trust },
      kubernetesVersion,
      clusterUid,
      denied,
      clusterCa,
      clockOffsetMs,
      readerToken,
      peerKeys,
    };
  } finally {
    api.close();
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access */
async function deniedTo(api: ApiClient, permissions: Permission[]): Promise<string[]> {
  const answers = await Promise.all(
    permissions.map((resourceAttributes) =>
      api.post<{ status?: { allowed?: boolean } }>("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes },
      }),
    ),
  );
  return permissions
    .filter((_, index) => answers[index]!.status?.allowed !== true)
    .map(({ verb, group, resource, subresource, namespace }) => {
      const kind = [resource, subresource].filter(Boolean).join("/");
      return [verb, group === "" ? kind : `${kind}.${group}`, namespace && `in ${namespace}`]
        .filter(Boolean)
        .join(" ");
    });
}

async function uidOf(api: ApiClient): Promise<string | undefined> {
  const namespace = await unlessForbidden(
    api.get<{ metadata?: { uid?: string } }>("/api/v1/namespaces/kube-system"),
  );
  return namespace?.metadata?.uid;
}

async function namespaceIn(api: ApiClient): Promise<LiveMember["namespace"]> {
  const namespace = await unlessForbidden(
    api.get<{ metadata: Metadata & { uid?: string } }>("/api/v1/namespaces/istio-system"),
  );
  if (namespace === undefined) return undefined;
  const { uid, labels = {}, annotations = {} } = namespace.metadata;
  return {
    uid,
    mesh: labels["weft.dev/mesh"],
    member: labels["weft.dev/member"],
    network: labels["topology.istio.io/network"],
    servedBy: annotations["topology.istio.io/controlPlaneClusters"],
  };
}

interface Service {
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

/** A gateway in istio-system. */
async function gatewayIn(api: ApiClient, name: string): Promise<{ address?: string } | undefined> {
  const service = await unlessForbidden(api.get<Service>(`/api/v1/namespaces/istio-system/services/${name}`));
  if (service === undefined) return undefined;
  const [given] = service.status?.loadBalancer?.ingress ?? [];
  return { address: given?.ip ?? given?.hostname };
}

async function clusterCaOf(api: ApiClient): Promise<string | undefined> {
  const published = await unlessForbidden(
    api.get<{ data?: Record<string, string> }>("/api/v1/namespaces/kube-system/configmaps/kube-root-ca.crt"),
  );
  return published?.data?.["ca.crt"];
}

async function readerSecretsIn(api: ApiClient): Promise<Pick<LiveMember, "tokenGenerations" | "bindings">> {
  const secrets = (await unlessForbidden(api.listMetadata("/api/v1/namespaces/istio-system/secrets"))) ?? [];
  const named = (pattern: RegExp) =>
    secrets.flatMap(({ metadata: { name, uid = "" } }) => {
      const generation = pattern.exec(name)?.[1];
      return generation === undefined ? [] : [[Number(generation), uid] as const];
    });
  const bindings = named(/^weft-reader-binding-(\d+)$/);
  return {
    tokenGenerations: named(/^weft-reader-token-(\d+)$/)
      .map(([generation]) => generation)
      .sort((a, b) => a - b),
    bindings: bindings.length === 0 ? undefined : Object.fromEntries(bindings),
  };
}

async function readerTokenIn(api: ApiClient, generation: number | undefined): Promise<string | undefined> {
  if (generation === undefined) return undefined;
  const path = `/api/v1/namespaces/istio-system/secrets/weft-reader-token-${generation}`;
  const secret = await unlessForbidden(api.get<{ data?: { token?: string } }>(path));
  const token = secret?.data?.token;
  return token === undefined ? undefined : Buffer.from(token, "base64").toString("utf8");
}

interface Metadata {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface Cacerts {
  metadata: Metadata;
  data?: Record<string, string>;
}

async function trustIn(
  api: ApiClient,
): Promise<
  Pick<LiveMember, "roots" | "signingRoot" | "rootBundle" | "intermediate" | "intermediateGeneration">
> {
  const cacerts = await unlessForbidden(api.get<Cacerts>("/api/v1/namespaces/istio-system/secrets/cacerts"));
  const annotations = cacerts?.metadata.annotations ?? {};
  const file = (name: string) => {
    const text = cacerts?.data?.[name];
    return text === undefined ? undefined : Buffer.from(text, "base64").toString("utf8");
  };
  const generation = annotations["weft.dev/intermediate-generation"];
  return {
    roots: annotations["weft.dev/roots"]?.split(",").map((root) => root.trim()),
    signingRoot: annotations["weft.dev/signing-root"],
    rootBundle: file("root-cert.pem"),
    intermediate: file("ca-cert.pem"),
    intermediateGeneration: generation === undefined ? undefined : Number(generation),
  };
}

export interface Deployment {
  metadata: Metadata;
  spec: { replicas?: number; template: { spec: { containers: { name: string; image?: string }[] } } };
  status?: { readyReplicas?: number; updatedReplicas?: number };
}

/** Its peers are many and large, so they are read only where a change of one does it harm; and all pods, only where an istiod is to go. */
async function istiodIn(
  api: ApiClient,
  wanted: Revision[],
): Promise<Pick<LiveMember, "istiodVersion" | "istiods" | "tags" | "users" | "peers">> {
  const deployments = await unlessForbidden(
    api.get<List<Deployment>>("/apis/apps/v1/namespaces/istio-system/deployments?labelSelector=app%3Distiod"),
  );
  const found = (deployments?.items ?? []).map((deployment) => ({
    revision: deployment.metadata.labels?.["istio.io/rev"] ?? defaultRevision,
    istiod: liveIstiod(deployment),
  }));
  if (found.length === 0) return {};
  const istiods = Object.fromEntries(found.map(({ revision, istiod }) => [revision, istiod]));
  // Of several revisions the lowest: what it cannot do, the mesh cannot.
  const [istiodVersion] = Object.values(istiods)
    .flatMap(({ version }) => version ?? [])
    .sort(semver.compare);
  const isHarmed = [istiodVersion, ...wanted.map(({ version }) => version)].some(
    (version) => brokenRotation(version ?? "") !== undefined,
  );
  const isDropped = Object.keys(istiods).some((revision) => !wanted.some(({ name }) => name === revision));
  const [tags, users, peers] = await Promise.all([
    unlessForbidden(tagsIn(api)),
    isDropped ? unlessForbidden(revisionsInUse(api)) : undefined,
    istiodVersion !== undefined && isHarmed ? unlessForbidden(knownPeersIn(api)) : undefined,
  ]);
  return {
    istiodVersion,
    istiods,
    ...(tags !== undefined && { tags }),
    ...(users !== undefined && {
      users: Object.fromEntries(Object.entries(users).map(([revision, use]) => [revision, inWords(use)])),
    }),
    ...(peers !== undefined && { peers }),
  };
}

function liveIstiod(deployment: Deployment): LiveIstiod {
  const { metadata, spec, status = {} } = deployment;
  const { replicas = 1 } = spec;
  const { readyReplicas = 0, updatedReplicas = 0 } = status;
  const release = metadata.annotations?.["meta.helm.sh/release-name"];
  return {
    version: versionOf(deployment),
    isReady: readyReplicas >= Math.max(1, replicas) && updatedReplicas >= replicas,
    ...(release !== undefined && { release }),
  };
}

/** By the image's tag; a tag of one's own or a digest says nothing, then by the chart's label. */
export function versionOf({ metadata, spec }: Deployment): string | undefined {
  const image = spec.template.spec.containers.find(({ name }) => name === "discovery")?.image;
  const tag = /:([^:/@]+)(@.*)?$/.exec(image ?? "")?.[1];
  return [tag, metadata.labels?.["app.kubernetes.io/version"]]
    .map((text) => versionIn(text ?? ""))
    .find((version) => version !== undefined);
}

/** What may not be read is among the denied permissions already. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiServerError && error.kind === "status" && error.code === "403") return undefined;
    throw error;
  }
}
