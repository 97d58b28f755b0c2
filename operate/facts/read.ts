/** Reads the facts of a mesh: all members at once, each within its own time. Changes nothing. */
import { ApiServer, ApiServerError, defaultTimeoutMs, type List } from "../../clusters/api-server";
import { CredentialsError } from "../../clusters/credentials";
import { explain, kubectl } from "../../clusters/explain";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { Member, Mesh } from "../../mesh/mesh";
import { ConfigError } from "../../mesh/problems";
import { isSimulated } from "../simulated";
import { probeCredentials } from "./credentials";
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
import { syncStates, worstStates } from "./metrics";
import * as objects from "./objects";

export interface ReadOptions {
  /** Milliseconds for all requests to one member. Default: 30 s; one to which no connection comes about costs 10 s. */
  timeoutMs?: number;
  /** Milliseconds for what need not be reachable from here: istiod's metrics, gateways, keys. Default: 3 s. */
  reachMs?: number;
}

/** By `PeerKey.credentials`: all readers of a member hold the same key, so it is tried once, and as soon as it is seen. */
type Probes = Map<string, Promise<CredentialFacts>>;
/** @param kubeconfig Secret. That of the key. */
type Probe = (key: PeerKey, kubeconfig: string) => void;

export async function readMesh(
  mesh: Mesh,
  { timeoutMs = defaultTimeoutMs, reachMs = 3000 }: ReadOptions = {},
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

  const members = await Promise.all(
    mesh.members.map(async (member) => {
      const kubeconfig = kubeconfigs.get(member.name)!;
      const facts = await readMember(mesh, member, kubeconfig, probe, { timeoutMs, reachMs });
      return [member.name, facts] as const;
    }),
  );
  const credentials = await Promise.all(
    [...probes].map(async ([hash, found]) => [hash, await found] as const),
  );
  return { members: new Map(members), credentials: new Map(credentials) };
}

async function readMember(
  mesh: Mesh,
  member: Member,
  kubeconfig: Promise<ResolvedKubeconfig>,
  probe: Probe,
  { timeoutMs, reachMs }: Required<ReadOptions>,
): Promise<MemberFacts> {
  let resolved: ResolvedKubeconfig | undefined;
  let api: ApiServer | undefined;
  try {
    resolved = await kubeconfig;
    api = await ApiServer.of(resolved, timeoutMs);
    const version = await api.get<{ gitVersion?: string }>("/version");
    if (version?.gitVersion === undefined) throw new ApiServerError("answer", "200");
    const facts = await readObjects(api, probe);
    const [istiodView, shaken] = (await isSimulated(api))
      ? [
          unknown("the nodes are simulated, and no istiod runs in its pod"),
          unknown("the nodes are simulated, and nothing listens at the gateway's address"),
        ]
      : await Promise.all([readIstiodView(resolved, reachMs), shakeHands(mesh, member, facts, reachMs)]);
    return {
      kubectl: kubectl(member, resolved),
      api: { reachable: true, version: version.gitVersion.replace(/^v/, "") },
      ...facts,
      istiodView,
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
): MemberFacts {
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
    cacerts: unread,
    peerKeys: unread,
    gateway: unread,
    istioGateways: unread,
    istiodRoute: unread,
    webhooks: unread,
    endpoints: unread,
    istiodView: unread,
    handshake: unread,
  };
}

const core = "/api/v1/namespaces/istio-system";
const networking = "/apis/networking.istio.io/v1/namespaces/istio-system";

async function readObjects(api: ApiServer, probe: Probe) {
  const items = async <T>(path: string) => (await api.get<List<T>>(path))?.items ?? [];
  const select = (selector: string) => `?labelSelector=${encodeURIComponent(selector)}`;
  const hooks = "/apis/admissionregistration.k8s.io/v1";

  const [
    networkLabel,
    networkValue,
    istiods,
    cacerts,
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
    read("ConfigMaps", async () =>
      objects.networkValue(await items<objects.ConfigMap>(`${core}/configmaps`)),
    ),
    read("Deployments", async () => {
      const path = `/apis/apps/v1/namespaces/istio-system/deployments${select("app=istiod")}`;
      return (await items<objects.LiveDeployment>(path)).map(objects.istiodFacts);
    }),
    read("Secret cacerts", async () => {
      const secret = await api.get<objects.Secret>(`${core}/secrets/cacerts`);
      return secret && objects.cacertsFacts(secret);
    }),
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
    cacerts,
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

/** Through the API server's pod proxy, with a time of its own: a pod that hangs must not cost the report. */
async function readIstiodView(
  kubeconfig: ResolvedKubeconfig,
  reachMs: number,
): Promise<MemberFacts["istiodView"]> {
  let api: ApiServer | undefined;
  try {
    const reached = (api = await ApiServer.of(kubeconfig, reachMs));
    const pods = await reached.listMetadata(`${core}/pods?labelSelector=app%3Distiod`);
    const alive = pods.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    if (alive.length === 0) return unknown("there is no pod of istiod");
    const views = await Promise.all(
      alive.map(async ({ metadata: { name } }) =>
        syncStates(await reached.getText(`${core}/pods/${name}:15014/proxy/metrics`)),
      ),
    );
    const states = views.filter((view) => view !== undefined);
    return states.length === views.length
      ? known(worstStates(states))
      : unknown("istiod's metrics say nothing of the clusters it reads: they do from 1.29 on");
  } catch (error) {
    if (!(error instanceof ApiServerError || error instanceof CredentialsError)) throw error;
    const why =
      error instanceof ApiServerError && error.code === "403"
        ? "this user may not `get pods/proxy`, or istiod answers to nobody but itself"
        : error.message;
    return unknown(`istiod's metrics do not answer through the API server (${why})`);
  } finally {
    api?.close();
  }
}

async function shakeHands(
  mesh: Mesh,
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
    : "outbound_.15012_._.istiod.istio-system";
  return handshake({
    host,
    port: given === undefined ? 15443 : member.eastWest.port,
    serverName: `${service}.svc.cluster.local`,
    roots: cacerts.value.bundle,
    timeoutMs,
  });
}
