import { request, type RequestOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeConfig } from "@kubernetes/client-node";
import { LabError } from "../error";
import type { KubernetesObject } from "./facts";

export interface ListedObjects {
  metadata: { resourceVersion: string };
  items: KubernetesObject[];
}

const timeoutMs = 30_000;

/**
 * What a path of an API server lists.
 * @returns undefined where the API server does not know the kind
 * @throws LabError when it does not answer within 30 s
 */
export async function list(config: KubeConfig, path: string): Promise<ListedObjects | undefined> {
  const { server, name } = config.getCurrentCluster()!;
  const signal = AbortSignal.timeout(timeoutMs);
  const options: RequestOptions = { signal };
  await config.applyToHTTPSOptions(options);
  for (;;) {
    const { status, body, retryAfter } = await get(server + path, options).catch((error: Error) => {
      throw new LabError(`${name}: ${path} cannot be listed: ${error.message}.`);
    });
    if (status === 404) return undefined;
    if (status === 200) return JSON.parse(body) as ListedObjects;
    // The storage of a kind whose CRD is new is still being set up.
    if (status !== 429 || signal.aborted) {
      throw new LabError(`${name}: ${path} cannot be listed: HTTP status ${status}.`);
    }
    await sleep(retryAfter * 1000);
  }
}

interface Answer {
  status: number;
  body: string;
  /** Seconds. */
  retryAfter: number;
}

function get(url: string, options: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode!,
          body: Buffer.concat(chunks).toString("utf8"),
          retryAfter: Number(response.headers["retry-after"] ?? 1),
        }),
      );
    })
      .on("error", reject)
      .end();
  });
}
