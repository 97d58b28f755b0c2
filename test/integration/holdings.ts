/** What istiods hold of the members that they read, and serve as roots, asked of each of them. */
import { isDeepStrictEqual } from "node:util";
import { CoreV1Api, type KubeConfig, type V1Pod } from "@kubernetes/client-node";
import { eventually } from "./eventually";
import { discovery, kubeConfig, namespace } from "./harness";

/** Sorted addresses by Service: `helloworld.sample`. */
type Endpoints = Record<string, string[]>;

interface Holding {
  /** Sync state of each cluster that it reads, its own included. */
  states: Record<string, string>;
  /** By cluster. */
  endpoints: Record<string, Endpoints>;
}

/** How long an istiod may take to hear of a change, in milliseconds: beyond it the difference is shown. */
const longest = 300_000;

/**
 * Waits until every istiod is synced with its own cluster and the peers of its reader, and with nobody else, and holds all endpoints
 * that are ready there, and no other.
 * @param kubeconfigOf the path of a member's kubeconfig.
 * @param reads the peers of each member that runs istiod.
 */
export async function everyReaderHoldsItsPeers(
  kubeconfigOf: (member: string) => string,
  reads: Record<string, readonly string[]>,
): Promise<void> {
  const configOf = (member: string) => kubeConfig(kubeconfigOf(member));
  for (const [reader, peers] of Object.entries(reads)) {
    const members = [reader, ...peers].sort();
    const compare = async () => {
      const held = await holdingsOf(configOf(reader));
      const live = members.map(async (name) => [name, await liveIn(configOf(name))] as const);
      const wanted: Holding = {
        states: Object.fromEntries(members.map((name) => [name, "synced"])),
        endpoints: Object.fromEntries(await Promise.all(live)),
      };
      return { reader, held, wanted: held.map(() => wanted) };
    };
    const deadline = performance.now() + longest;
    const { held, wanted } = await eventually(async () => {
      const found = await compare();
      const isDone = found.held.length > 0 && isDeepStrictEqual(found.held, found.wanted);
      return (isDone || performance.now() > deadline) && found;
    });
    expect({ reader, held }).toEqual({ reader, held: wanted });
    expect(held).not.toEqual([]);
  }
}

/** Of each istiod that is ready. */
async function holdingsOf(config: KubeConfig): Promise<Holding[]> {
  const core = config.makeApiClient(CoreV1Api);
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: "app=istiod" });
  return Promise.all(
    items.filter(isReady).map(async ({ metadata }) => {
      const name = `${metadata!.name}:8080`;
      const debug = (what: string): Promise<unknown> =>
        core.connectGetNamespacedPodProxyWithPath({ namespace, name, path: `debug/${what}` });
      const clusters = (await debug("clusterz")) as { id: string; syncStatus: string }[];
      return {
        states: Object.fromEntries(clusters.map(({ id, syncStatus }) => [id, syncStatus])),
        endpoints: endpointsIn((await debug("endpointShardz")) as Shardz),
      };
    }),
  );
}

const isReady = ({ metadata, status }: V1Pod) =>
  metadata?.deletionTimestamp === undefined &&
  status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True");

/** By host and namespace: EndpointIndex.Shardz in pilot/pkg/model/endpointshards.go */
type Shardz = Record<string, Record<string, { Shards: Record<string, { Addresses: string[] }[]> }>>;

function endpointsIn(shardz: Shardz): Record<string, Endpoints> {
  const held: Record<string, Endpoints> = {};
  for (const [host, namespaces] of Object.entries(shardz)) {
    for (const [where, { Shards: shards }] of Object.entries(namespaces)) {
      for (const [shard, endpoints] of Object.entries(shards)) {
        const cluster = shard.replace(/^Kubernetes\//, "");
        const addresses = endpoints.flatMap(({ Addresses: addresses }) => addresses);
        if (addresses.length === 0) continue;
        (held[cluster] ??= {})[`${host.split(".")[0]}.${where}`] = [...new Set(addresses)].sort();
      }
    }
  }
  return held;
}

/** What a cluster's EndpointSlices say. */
async function liveIn(config: KubeConfig): Promise<Endpoints> {
  const { items } = await discovery(config).listEndpointSliceForAllNamespaces();
  const live: Record<string, Set<string>> = {};
  for (const { metadata, endpoints, ports } of items) {
    const ready = endpoints?.filter(({ conditions }) => conditions?.ready !== false) ?? [];
    if (ready.length === 0 || !ports?.length) continue;
    const service = `${metadata!.labels!["kubernetes.io/service-name"]}.${metadata!.namespace}`;
    for (const address of ready.flatMap(({ addresses }) => addresses))
      (live[service] ??= new Set()).add(address);
  }
  return Object.fromEntries(
    Object.entries(live).map(([service, addresses]) => [service, [...addresses].sort()]),
  );
}
