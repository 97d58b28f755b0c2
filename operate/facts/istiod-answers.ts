/** What one istiod says of itself, asked from its own localhost: to others it answers only with a token. */
import http from "node:http";
import { text } from "node:stream/consumers";
import { ApiServerError, failure, type ApiClient } from "../../clusters/api-client";
import { portForward } from "../../clusters/port-forward";
import { ShardReader, type Shards } from "./shards";
import type { LabelSelector } from "./services";

export interface IstiodAnswers {
  /** The state of each cluster that it reads, its own included, by cluster ID: `synced`, `syncing`, `timeout` or `closed`. */
  states: Map<string, string>;
  /** Of its mesh config: which namespaces it reads, of every cluster. */
  discoverySelectors: LabelSelector[];
  shards: Shards;
  /** Proxies that are connected to it, in its own count (`pilot_xds`); undefined where they were not asked for. */
  proxies?: number;
}

/**
 * By one port-forward, and over one connection.
 * @param firstMs milliseconds until it stands, and again until the first answers. The last, which is big, has all the time of `api`.
 * @param withProxies whether to ask for its metrics too.
 * @throws ApiServerError of kind `answer` where it is istiod's own.
 */
export async function askIstiod(
  api: ApiClient,
  pod: string,
  firstMs: number,
  withProxies = false,
): Promise<IstiodAnswers> {
  const connection = await portForward(api, {
    namespace: "istio-system",
    pod,
    port: 15014,
    timeoutMs: firstMs,
  });
  const timer = setTimeout(() => connection.destroy(new ApiServerError("timeout", "ETIMEDOUT")), firstMs);
  // One connection, which an agent gives to one request after the other as long as some wait.
  const agent = Object.assign(new http.Agent({ maxSockets: 1 }), { createConnection: () => connection });
  try {
    const [clusters, mesh, shards, proxies] = await Promise.all([
      get(agent, "/debug/clusterz").then(parse<{ id: string; syncStatus: string }[]>),
      get(agent, "/debug/mesh").then((answer) => {
        clearTimeout(timer);
        return parse<{ discoverySelectors?: LabelSelector[] }>(answer);
      }),
      get(agent, "/debug/endpointShardz").then(readShards),
      withProxies ? get(agent, "/metrics").then(text).then(connectedIn) : undefined,
    ]);
    return {
      states: new Map(clusters.map(({ id, syncStatus }) => [id, syncStatus])),
      discoverySelectors: mesh.discoverySelectors ?? [],
      shards,
      ...(proxies !== undefined && { proxies }),
    };
  } catch (error) {
    // What a request says of a connection that was ended is only that it has ended.
    const { errored } = connection;
    if (errored instanceof ApiServerError) throw errored;
    throw error instanceof ApiServerError ? error : failure(error as Error);
  } finally {
    clearTimeout(timer);
    connection.destroy();
  }
}

function get(agent: http.Agent, path: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const answered = (answer: http.IncomingMessage) =>
      answer.statusCode === 200
        ? resolve(answer)
        : reject(new ApiServerError("answer", String(answer.statusCode)));
    http.get({ agent, host: "localhost", path }, answered).on("error", reject);
  });
}

/** A gauge for each version of proxies; none before the first has come. */
export function connectedIn(metrics: string): number {
  const gauges = [...metrics.matchAll(/^pilot_xds(?:\{[^}]*\})? (\S+)$/gm)];
  return gauges.reduce((sum, [, value]) => sum + Number(value), 0);
}

async function parse<T>(answer: http.IncomingMessage): Promise<T> {
  try {
    return JSON.parse(await text(answer)) as T;
  } catch (error) {
    throw error instanceof SyntaxError ? new ApiServerError("answer", "200") : error;
  }
}

async function readShards(answer: http.IncomingMessage): Promise<Shards> {
  const reader = new ShardReader();
  for await (const chunk of answer) reader.push(chunk as Buffer);
  const shards = reader.shards();
  if (shards === undefined) throw new ApiServerError("answer", "200");
  return shards;
}
