/** Reads the facts of a mesh: all members at once, each within its own time. Changes nothing. */
import { ApiClient, ApiServerError, defaultTimeoutMs, type List } from "../../clusters/api-client";
import { explain, kubectl } from "../../clusters/explain";
import { revisionsInUse } from "../../clusters/revisions-in-use";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { ConfigError } from "../../mesh/problems";
import { istiodName, taggedRevision } from "../../mesh/revisions";
import { peersOf } from "../../mesh/topology";
import { isSimulated } from "../simulated";
import { probeCredentials } from "./peer-credentials";
import {
  known,
  unknown,
  type CredentialFacts,
  type Fact,
  type MemberFacts,
  type MeshFacts,
  type PeerKey,
} from "./facts";
import { handshake } from "./handshake";
import * as objects from "./objects";
import { ServiceLists } from "./services";
import { readViews } from "./views";

export interface ReadOptions {
  /** Milliseconds for all requests to one member. Default: 30 s; one to which no connection comes about costs 10 s. */
  timeoutMs?: number;
  /** Milliseconds for what need not be reachable from here: istiods, gateways, keys. Default: 3 s. */
  reachMs?: number;
  /** Milliseconds before an istiod that lacks something is asked again. Default: 2 s. */
  againMs?: number;
}

/** By `PeerKey.credentials`: all readers of a member hold the same key, so it is tried once, and as soon as it is seen. */
type Probes = Map<string, Promise<CredentialFacts>>;
/** What istiod says comes last: it is held against what its peers have. */
type ReadAtOnce = Omit<MemberFacts, "istiodViews">;
/** @param kubeconfig Secret. That of the key. */
type Probe = (key: PeerKey, kubeconfig: string) => void;

export async function readMesh(
  mesh: MeshSpec,
  { timeoutMs = defaultTimeoutMs, reachMs = 3000, againMs = 2000 }: ReadOptions = {},
): Promise<MeshFacts> {
  const probes: Probes = new Map();
  const began = performance.now();
  const kubeconfigs = new Map(
    mesh.members.map((member) => [member.name, resolveKubeconfig(member)] as const),
  );
  const resolved = await Promise.allSettled(kubeconfigs.values());
  const servers = new Set(resolved.map((one) => (one.status === "fulfilled" ? one.value.server : undefined)));
  // An API server that is read anyway is no further to reach with a peer's key, only as busy as it is.
  const probeMs = (server: string) =>
    servers.has(server) ? Math.max(reachMs, timeoutMs - (performance.now() - began)) : reachMs;
  const probe: Probe = ({ cluster, credentials }, kubeconfig) => {
    if (!probes.has(credentials)) probes.set(credentials, probeCredentials(cluster, kubeconfig, probeMs));
  };

  const read = await Promise.all(
    mesh.members.map(async (member) => {
      const kubeconfig = kubeconfigs.get(member.name)!;
      const facts = await readMember(mesh, member, kubeconfig, probe, { timeoutMs, reachMs });
      return { member, facts, way: facts.api.reachable ? await kubeconfig : undefined };
    }),
  );
  const services = new ServiceLists(
    new Map(read.flatMap(({ member, way }) => (way === undefined ? [] : [[member.name, way]]))),
    timeoutMs,
  );
  const members = await Promise.all(
    read.map(async ({ member, facts, way }) => {
      const istiodViews =
        way === undefined || member.role === "remote"
          ? unknown("no istiod was asked")
          : await readViews(
              way,
              peersOf(mesh, member.name).map(({ name }) => name),
              services,
              {
                timeoutMs,
                reachMs,
                againMs,
                withProxies: isByRevision(mesh),
              },
            );
      return [member.name, { ...facts, istiodViews }] as const;
    }),
  );
  const credentials = await Promise.all(
    [...probes].map(async ([hash, found]) => [hash, await found] as const),
  );
  return { members: new Map(members), credentials: new Map(credentials) };
}

async function readMember(
  mesh: MeshSpec,
  member: Member,
  kubeconfig: Promise<ResolvedKubeconfig>,
  probe: Probe,
  { timeoutMs, reachMs }: { timeoutMs: number; reachMs: number },
): Promise<ReadAtOnce> {
  let resolved: ResolvedKubeconfig | undefined;
  let api: ApiClient | undefined;
  try {
    resolved = await kubeconfig;
    api = await ApiClient.of(resolved, timeoutMs);
    const version = await api.get<{ gitVersion?: string }>("/version");
    if (version?.gitVersion === undefined) throw new ApiServerError("answer", "200");
    const facts = await readObjects(api, probe, isByRevision(mesh));
    const shaken = (await isSimulated(api))
      ? unknown("the nodes are simulated, and no proxy listens at the gateway's address")
      : await shakeHands(mesh, member, facts, reachMs);
    return {
      kubectl: kubectl(member, resolved),
      api: { reachable: true, version: version.gitVersion.replace(/^v/, "") },
      ...facts,
      handshake: shaken,
    };
  } catch (error) {
    return unreachable(error, member, resolved, timeoutMs);
  } finally {
    api?.close();
  }
}

function unreachable(
  error: unknown,
  member: Member,
  resolved: ResolvedKubeconfig | undefined,
  timeoutMs: number,
): ReadAtOnce {
  const problem =
    error instanceof ConfigError
      ? error.problems[0]!
      : resolved === undefined
        ? undefined
        : explain(error, member, resolved, timeoutMs);
  if (problem === undefined) throw error;
  const unread = unknown("its API server was not read");
  return {
    kubectl: resolved === undefined ? "kubectl" : kubectl(member, resolved),
    api: {
      reachable: false,
      message: problem.value === undefined ? problem.message : `${problem.value}: ${problem.message}`,
      remedy: problem.remedy,
    },
    networkLabel: unread,
    networkValue: unread,
    istiods: unread,
    revisions: unread,
    cacerts: unread,
    servedCrls: unread,
    peerKeys: unread,
    gateway: unread,
    istioGateways: unread,
    istiodRoute: unread,
    webhooks: unread,
    endpoints: unread,
    handshake: unread,
  };
}

const core = "/api/v1/namespaces/istio-system";
const networking = "/apis/networking.istio.io/v1/namespaces/istio-system";

const isByRevision = ({ config }: MeshSpec) => config.istio.revisions !== undefined;

async function readObjects(api: ApiClient, probe: Probe, isByRevision: boolean) {
  const items = async <T>(path: string) => (await api.get<List<T>>(path))?.items ?? [];
  const select = (selector: string) => `?labelSelector=${encodeURIComponent(selector)}`;
  const hooks = "/apis/admissionregistration.k8s.io/v1";
  const configMaps = read("ConfigMaps", () => items<objects.ConfigMap>(`${core}/configmaps`));

  const [
    networkLabel,
    networkValue,
    istiods,
    revisions,
    cacerts,
    servedCrls,
    peerKeys,
    gateway,
    istioGateways,
    istiodRoute,
    webhooks,
    endpoints,
  ] = await Promise.all([
    read("namespace istio-system", async () => {
      const namespace = await api.get<{ metadata: objects.Metadata }>(core);
      return namespace?.metadata.labels?.["topology.istio.io/network"];
    }),
    configMaps.then((found) => (found.known ? known(objects.networkValue(found.value)) : found)),
    read("Deployments", async () => {
      const path = `/apis/apps/v1/namespaces/istio-system/deployments${select("app=istiod")}`;
      return (await items<objects.LiveDeployment>(path)).map(objects.istiodFacts);
    }),
    read("namespaces and pods", async () => (isByRevision ? revisionsInUse(api) : undefined)),
    read("Secret cacerts", async () => {
      const secret = await api.get<objects.Secret>(`${core}/secrets/cacerts`);
      return secret && objects.cacertsFacts(secret);
    }),
    configMaps.then((found) => (found.known ? known(objects.servedCrls(found.value)) : found)),
    read("Secrets of peers", async () => {
      const secrets = await items<objects.Secret>(`${core}/secrets${select("istio/multiCluster=true")}`);
      return secrets.flatMap(objects.peerKeys).map(({ kubeconfig, ...key }) => {
        probe(key, kubeconfig);
        return key;
      });
    }),
    read("Service istio-eastwestgateway", async () => {
      const service = await api.get<objects.Service>(`${core}/services/istio-eastwestgateway`);
      return service && objects.gatewayFacts(service);
    }),
    read("Istio's Gateways", async () => {
      const gateways = await items<objects.Gateway>(`${networking}/gateways`);
      return Object.fromEntries(gateways.map((found) => [found.metadata.name, objects.istioGateway(found)]));
    }),
    read("VirtualService istiod-vs", async () => {
      const route = await api.get<objects.VirtualService>(`${networking}/virtualservices/istiod-vs`);
      return route && objects.istiodRoute(route);
    }),
    read("webhooks", async () => {
      const [injection, validation] = await Promise.all([
        items<objects.WebhookConfiguration>(
          `${hooks}/mutatingwebhookconfigurations${select("app=sidecar-injector")}`,
        ),
        items<objects.WebhookConfiguration>(
          `${hooks}/validatingwebhookconfigurations${select("app=istiod")}`,
        ),
      ]);
      return [
        ...injection.flatMap((found) => objects.webhooksOf("injection", found)),
        ...validation.flatMap((found) => objects.webhooksOf("validation", found)),
      ];
    }),
    read("EndpointSlices", async () =>
      objects.readyAddresses(
        await items<objects.EndpointSlice>(
          "/apis/discovery.k8s.io/v1/namespaces/istio-system/endpointslices",
        ),
      ),
    ),
  ]);
  return {
    networkLabel,
    networkValue,
    istiods,
    revisions,
    cacerts,
    servedCrls,
    peerKeys,
    gateway,
    istioGateways,
    istiodRoute,
    webhooks,
    endpoints,
  };
}

async function read<T>(what: string, reading: () => Promise<T>): Promise<Fact<T>> {
  try {
    return known(await reading());
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    const why = error.code === "403" ? "this user may not read them" : error.message;
    return unknown(`${what}: ${why}`);
  }
}

async function shakeHands(
  mesh: MeshSpec,
  member: Member,
  { gateway, cacerts }: Pick<MemberFacts, "gateway" | "cacerts">,
  timeoutMs: number,
): Promise<MemberFacts["handshake"]> {
  if (!gateway.known || gateway.value === undefined) return unknown("there is no gateway to speak to");
  const [given] = member.eastWest.addresses;
  const host = given ?? gateway.value.addresses[0];
  if (host === undefined) return unknown("the gateway has no address");
  if (!cacerts.known || cacerts.value === undefined) return unknown("without cacerts it cannot be judged");
  const service = mesh.config.sample
    ? "outbound_.5000_._.helloworld.sample"
    : `outbound_.15012_._.${istiodName(taggedRevision(member.istio).name)}.istio-system`;
  return handshake({
    host,
    port: given === undefined ? 15443 : member.eastWest.port,
    serverName: `${service}.svc.cluster.local`,
    roots: cacerts.value.bundle,
    timeoutMs,
  });
}
