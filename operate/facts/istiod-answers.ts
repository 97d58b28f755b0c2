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
}

/**
 * By one port-forward, and over one connection.
 * @param firstMs milliseconds until it stands, and again until the first answers. The last, which is big, has all the time of `api`.
 * @throws ApiServerError of kind `answer` where it is istiod's own.
 */
export async function askIstiod(api: ApiClient, pod: string, firstMs: number): Promise<IstiodAnswers> {
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
    const [clusters, mesh, shards] = await Promise.all([
      get(agent, "clusterz").then(parse<{ id: string; syncStatus: string }[]>),
      get(agent, "mesh").then((answer) => {
        clearTimeout(timer);
        return parse<{ discoverySelectors?: LabelSelector[] }>(answer);
      }),
      get(agent, "endpointShardz").then(readShards),
    ]);
    return {
      states: new Map(clusters.map(({ id, syncStatus }) => [id, syncStatus])),
      discoverySelectors: mesh.discoverySelectors ?? [],
      shards,
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

function get(agent: http.Agent, what: string): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const answered = (answer: http.IncomingMessage) =>
      answer.statusCode === 200
        ? resolve(answer)
        : reject(new ApiServerError("answer", String(answer.statusCode)));
    http.get({ agent, host: "localhost", path: `/debug/${what}` }, answered).on("error", reject);
  });
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
