/** What the istiods of a mesh say of the members that they read, and what they hold of them. */
import { setTimeout as pause } from "node:timers/promises";
import { ApiClient, ApiServerError, type List } from "../../clusters/api-client";
import { CredentialsError } from "../../clusters/credentials";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { istiodName } from "../../mesh/revisions";
import { known, unknown, type Fact, type IstiodView, type PeerView } from "./facts";
import { askIstiod, type IstiodAnswers } from "./istiod-answers";
import { selects, type LiveService, type Round, type ServiceLists } from "./services";

export interface ViewOptions {
  /** Milliseconds for all requests to one API server. */
  timeoutMs: number;
  /** Milliseconds until an istiod begins to answer. */
  reachMs: number;
  /** Milliseconds before what an istiod lacks is looked for once more: what has just come takes its time to get there. */
  againMs: number;
  /** Ask each istiod how many proxies are connected to it. @default false */
  withProxies?: boolean;
}

interface Pod {
  metadata: { name: string; labels?: Record<string, string>; deletionTimestamp?: string };
  status?: { conditions?: { type: string; status: string }[] };
}

/**
 * The views of every replica of a reader's istiod that is ready.
 * @param kubeconfig of the reader.
 * @param peers the names of those that it reads.
 */
export async function readViews(
  kubeconfig: ResolvedKubeconfig,
  peers: string[],
  services: ServiceLists,
  options: ViewOptions,
): Promise<Fact<IstiodView[]>> {
  let api: ApiClient | undefined;
  try {
    const reached = (api = await ApiClient.of(kubeconfig, options.timeoutMs));
    const list = await reached.get<List<Pod>>(
      "/api/v1/namespaces/istio-system/pods?labelSelector=app%3Distiod",
    );
    const ready = (list?.items ?? []).filter(isReady);
    if (ready.length === 0) return unknown("there is no pod of istiod that is ready");
    const look = (round: Round) => services.of(peers, round);
    return known(await Promise.all(ready.map((pod) => viewOf(reached, pod, look, options))));
  } catch (error) {
    if (!(error instanceof ApiServerError || error instanceof CredentialsError)) throw error;
    return unknown(`the pods of istiod cannot be listed (${error.message})`);
  } finally {
    api?.close();
  }
}

function isReady({ metadata, status }: Pod): boolean {
  const condition = status?.conditions?.find(({ type }) => type === "Ready");
  return metadata.deletionTimestamp === undefined && condition?.status === "True";
}

async function viewOf(
  api: ApiClient,
  { metadata: { name, labels } }: Pod,
  look: (round: Round) => Promise<ReadonlyMap<string, Fact<LiveService[]>>>,
  { reachMs, againMs, withProxies }: ViewOptions,
): Promise<IstiodView> {
  const revision = labels?.["istio.io/rev"];
  const pod: Omit<IstiodView, "peers"> = { pod: name, deployment: istiodName(revision) };
  try {
    const live = await look("first");
    const answers = await askIstiod(api, name, reachMs, withProxies);
    if (answers.proxies !== undefined) pod.proxies = answers.proxies;
    const first = compare(live, answers);
    if (![...first.values()].some(lacksServices)) return { ...pod, peers: known(first) };
    await pause(againMs);
    const second = compare(await look("second"), await askIstiod(api, name, reachMs));
    return { ...pod, peers: known(lackingTwice(first, second)) };
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    return { ...pod, peers: unknown(reasonOf(error)) };
  }
}

function lacksServices({ state, services }: PeerView): boolean {
  return state === "synced" && services.known && services.value.lacking.length > 0;
}

/** By the peer's name; only those that istiod reads. */
export function compare(
  live: ReadonlyMap<string, Fact<LiveService[]>>,
  { states, discoverySelectors, shards }: IstiodAnswers,
): Map<string, PeerView> {
  const views = new Map<string, PeerView>();
  for (const [peer, services] of live) {
    const state = states.get(peer);
    if (state === undefined) continue;
    if (!services.known) {
      views.set(peer, { state, services });
      continue;
    }
    const expected = services.value.filter(({ namespaceLabels }) =>
      selects(discoverySelectors, namespaceLabels),
    );
    const shard = shards.get(peer);
    const lacking: string[] = [];
    const endpoints = { there: 0, held: 0 };
    for (const { name, addresses } of expected) {
      const held = addresses.filter((address) => shard?.get(name)?.has(address));
      if (held.length === 0) lacking.push(name);
      endpoints.there += addresses.length;
      endpoints.held += held.length;
    }
    views.set(peer, { state, services: known({ live: expected.length, lacking, endpoints }) });
  }
  return views;
}

/** The second view, which lacks no Service that was held at the first. */
export function lackingTwice(
  first: ReadonlyMap<string, PeerView>,
  second: ReadonlyMap<string, PeerView>,
): Map<string, PeerView> {
  const lackedBefore = (peer: string, service: string) => {
    const before = first.get(peer)?.services;
    return before?.known === true && before.value.lacking.includes(service);
  };
  return new Map(
    [...second].map(([peer, { state, services }]) => {
      if (!services.known) return [peer, { state, services }];
      const lacking = services.value.lacking.filter((service) => lackedBefore(peer, service));
      return [peer, { state, services: known({ ...services.value, lacking }) }];
    }),
  );
}

function reasonOf({ kind, code, message }: ApiServerError): string {
  if (kind === "status" && code === "403") {
    return "this user may not `get` and `create` pods/portforward in istio-system, and istiod answers to nobody but itself";
  }
  if (kind === "status" && code === "404") return "its pod has gone while it was asked";
  if (kind === "answer") {
    return code === "404"
      ? "istiod does not say what it holds (`ENABLE_DEBUG_ON_HTTP=false`)"
      : `istiod does not say what it holds (${message})`;
  }
  return kind === "timeout"
    ? "istiod does not answer by port-forward in time"
    : `istiod is not reached by port-forward (${message})`;
}
