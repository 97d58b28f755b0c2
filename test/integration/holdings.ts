/** What the istiods of a mesh hold of the members that they read, asked of each of them, against what is live there. */
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { V1Pod, V1Secret } from "@kubernetes/client-node";
import { ApiClient, ApiServerError, type List } from "../../clusters/api-client";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { portForward } from "../../clusters/port-forward";
import type { LabCluster } from "../../lab/control-plane";
import { probeCredentials } from "../../operate/facts/peer-credentials";
import { askIstiod, type IstiodAnswers } from "../../operate/facts/istiod-answers";
import { ServiceLists } from "../../operate/facts/services";
import { settles } from "./eventually";
import { decoded, namespace } from "./harness";

/** A mesh of the lab, or an example on it. */
export interface Members {
  cluster(member: string): LabCluster;
}

interface Holding {
  /** Sync state of each cluster that it reads, its own included. */
  states: Record<string, string>;
  /** Sorted addresses, by cluster and by Service: `helloworld.sample`. */
  endpoints: Record<string, Record<string, string[]>>;
}

/** How long an API server and an istiod may take to answer, in milliseconds. */
const answerMs = 60_000;

/** The peers of each member of a mesh in which everybody reads everybody. */
export const everybody = (members: readonly string[]): Record<string, string[]> =>
  Object.fromEntries(members.map((reader) => [reader, members.filter((member) => member !== reader)]));

/**
 * Waits until every istiod is synced with its own cluster and the peers of its reader, and with nobody else, and holds all endpoints
 * that are ready there, and no others.
 * @param reads the peers of each member that runs istiod.
 */
export async function everyReaderHoldsItsPeers(
  members: Members,
  reads: Readonly<Record<string, readonly string[]>>,
): Promise<void> {
  const ways = await waysTo(members, [...new Set(Object.entries(reads).flat(2))]);
  for (const [reader, peers] of Object.entries(reads)) {
    await settles(async () => {
      const istiods: unknown[] = await holdingsOf(ways.get(reader)!);
      const live = await liveIn([reader, ...peers], ways);
      // At least one of them answers.
      return {
        found: { reader, istiods },
        wanted: { reader, istiods: [live, ...istiods.slice(1).map(() => live)] },
      };
    });
  }
}

/** A watch over what readers hold of their peers' gateways, from now on until it is stopped. */
export async function watchGateways(
  members: Members,
  reads: Readonly<Record<string, readonly string[]>>,
): Promise<{ stop: () => Promise<{ looks: number; lost: string[] }> }> {
  const ways = await waysTo(members, Object.keys(reads));
  const gateway = `istio-eastwestgateway.${namespace}`;
  const peersOf = Object.entries(reads).flatMap(([reader, peers]) => peers.map((peer) => ({ reader, peer })));
  const look = async () => {
    const found = peersOf.map(async ({ reader, peer }) => {
      const istiods = await holdingsOf(ways.get(reader)!);
      const answers = istiods.filter((held) => typeof held !== "string");
      return answers.map(
        ({ endpoints }) => `${reader} ${peer} ${endpoints[peer]?.[gateway]?.join() ?? "none"}`,
      );
    });
    return (await Promise.all(found)).flat();
  };
  const first = new Set(await look());
  let looks = 0;
  let isStopped = false;
  const lost = new Set<string>();
  const watching = (async () => {
    while (!isStopped) {
      for (const held of await look()) {
        looks++;
        if (!first.has(held) || held.endsWith(" none")) lost.add(held);
      }
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await watching;
      return { looks, lost: [...lost] };
    },
  };
}

/** What was seen of a mesh while something was done to it. */
export interface Watch {
  samples: number;
  /** Who had lost what, in words. */
  losses: string[];
}

/**
 * Looks again and again, until the work is done: has every reader an istiod that is ready, does each of these hold an endpoint of every
 * Service that its peers had at the beginning, and is each token that the reader holds good?
 * @param reads the peers of each member that runs istiod.
 */
export async function watched(
  members: Members & { secret: (member: string, name: string) => Promise<V1Secret> },
  reads: Readonly<Record<string, readonly string[]>>,
  work: () => Promise<void>,
): Promise<Watch> {
  const ways = await waysTo(members, [...new Set(Object.entries(reads).flat(2))]);
  const { endpoints: before } = await liveIn([...ways.keys()], ways);
  const watch: Watch = { samples: 0, losses: [] };
  let isDone = false;
  const done = work().finally(() => (isDone = true));
  const looking = (async () => {
    while (!isDone) {
      for (const [reader, peers] of Object.entries(reads)) {
        watch.losses.push(...(await lossesOf(ways.get(reader)!, reader, peers, before)));
        watch.losses.push(...(await refusedTokens(members, reader)));
      }
      watch.samples += 1;
    }
  })();
  await Promise.all([done, looking]);
  return watch;
}

async function lossesOf(
  way: ResolvedKubeconfig,
  reader: string,
  peers: readonly string[],
  before: Holding["endpoints"],
): Promise<string[]> {
  const istiods = await holdingsOf(way);
  if (istiods.length === 0) return [`${reader} has no istiod that is ready`];
  return istiods.flatMap((istiod) =>
    // One that has just gone, or just come, does not answer.
    typeof istiod === "string"
      ? []
      : peers.flatMap((peer) =>
          Object.keys(before[peer] ?? {})
            .filter((service) => (istiod.endpoints[peer]?.[service] ?? []).length === 0)
            .map((service) => `${reader} holds nothing of ${service} of ${peer}`),
        ),
  );
}

/** A token may end after the Secret was read, and before it was tried: then the Secret has another. */
async function refusedTokens(
  members: { secret: (member: string, name: string) => Promise<V1Secret> },
  reader: string,
): Promise<string[]> {
  const read = async () => decoded(await members.secret(reader, "weft-peers"));
  const tried = Object.entries(await read()).map(async ([peer, kubeconfig]) => {
    const found = await probeCredentials(peer, kubeconfig, () => answerMs);
    if (found.usable && found.rights.known && found.rights.value.authenticated) return [];
    return (await read())[peer] === kubeconfig ? [`${reader} holds a token that ${peer} refuses`] : [];
  });
  return (await Promise.all(tried)).flat();
}

/**
 * Looks again and again, until it is stopped, whether every istiod that is ready holds these addresses of a Service of each peer.
 * Whoever just goes, or comes, and does not answer is passed over.
 */
export function watchHoldings(
  members: Members,
  reads: Readonly<Record<string, readonly string[]>>,
  service: string,
  addresses: readonly string[],
): { stop: () => Promise<{ answers: number; lapses: string[] }> } {
  let stopped = false;
  let answers = 0;
  const lapses: string[] = [];
  const look = async (
    ways: Map<string, ResolvedKubeconfig>,
    [reader, peers]: [string, readonly string[]],
  ) => {
    for (const istiod of await holdingsOf(ways.get(reader)!)) {
      if (typeof istiod === "string") continue;
      answers++;
      for (const peer of peers) {
        const held = istiod.endpoints[peer]?.[service] ?? [];
        if (!isDeepStrictEqual(held, addresses)) lapses.push(`${reader} holds ${held.join(", ")} of ${peer}`);
      }
    }
  };
  const ended = (async () => {
    const ways = await waysTo(members, Object.keys(reads));
    while (!stopped) {
      await Promise.all(Object.entries(reads).map((entry) => look(ways, entry)));
      await pause(100);
    }
  })();
  return {
    stop: async () => {
      stopped = true;
      await ended;
      return { answers, lapses };
    },
  };
}

async function waysTo(members: Members, names: string[]): Promise<Map<string, ResolvedKubeconfig>> {
  const found = names.map(async (name) => [name, await wayTo(members, name)] as const);
  return new Map(await Promise.all(found));
}

const wayTo = (members: Members, name: string) =>
  resolveKubeconfig({ path: name, kubeconfigPath: members.cluster(name).kubeconfig });

/** Of each istiod that is ready; in words where one does not answer, as one that has just gone. */
async function holdingsOf(kubeconfig: ResolvedKubeconfig): Promise<(Holding | string)[]> {
  const api = await ApiClient.of(kubeconfig, answerMs);
  try {
    const istiods = await readyIstiods(api);
    return await Promise.all(istiods.map((pod) => askIstiod(api, pod, answerMs).then(holding, inWords)));
  } finally {
    api.close();
  }
}

function holding({ states, shards }: IstiodAnswers): Holding {
  const endpoints = [...shards].map(([cluster, services]) => {
    const addresses = [...services].map(([name, found]) => [name, [...found].sort()] as const);
    return [cluster, Object.fromEntries(addresses)] as const;
  });
  return { states: Object.fromEntries(states), endpoints: Object.fromEntries(endpoints) };
}

export function inWords(error: unknown): string {
  if (error instanceof ApiServerError) return error.message;
  throw error;
}

/** Names of the pods. */
async function readyIstiods(api: ApiClient): Promise<string[]> {
  const pods = await api.get<List<V1Pod>>(`/api/v1/namespaces/${namespace}/pods?labelSelector=app%3Distiod`);
  const isReady = ({ metadata, status }: V1Pod) =>
    metadata!.deletionTimestamp === undefined &&
    status!.conditions?.some(({ type, status }) => type === "Ready" && status === "True");
  return pods!.items.filter(isReady).map(({ metadata }) => metadata!.name!);
}

async function liveIn(names: string[], ways: ReadonlyMap<string, ResolvedKubeconfig>): Promise<Holding> {
  const found = await new ServiceLists(ways, answerMs).of(names, "first");
  const endpoints = [...found].map(([name, services]) => {
    if (!services.known) throw new Error(`${name}: ${services.reason}`);
    const addresses = services.value.map((service) => [service.name, [...service.addresses].sort()] as const);
    return [name, Object.fromEntries(addresses)] as const;
  });
  return {
    states: Object.fromEntries(names.map((name) => [name, "synced"])),
    endpoints: Object.fromEntries(endpoints.filter(([, services]) => Object.keys(services).length > 0)),
  };
}

/**
 * Speaks with a port of a ready istiod, as from its own localhost.
 * @throws ApiServerError where none is.
 */
export async function toIstiod<T>(
  members: Members,
  member: string,
  port: number,
  speak: (connection: Duplex) => Promise<T>,
): Promise<T> {
  const api = await ApiClient.of(await wayTo(members, member), answerMs);
  try {
    const [pod = "none"] = await readyIstiods(api);
    const connection = await portForward(api, { namespace, pod, port, timeoutMs: answerMs });
    try {
      return await speak(connection);
    } finally {
      connection.destroy();
    }
  } finally {
    api.close();
  }
}
