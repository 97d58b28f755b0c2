/**
 * A member's API server: reads, reviews and deletes.
 *
 * Why not @kubernetes/client-node, which runs commands in pods for `npm run verify`: neither its config nor any of its clients loads
 * without the 850 modules of its models, which would cost every `pulumi up` half a second of a processor and 50 MB. And this would have
 * to be added to it all the same:
 * limits of time (kubernetes-client/javascript#1613), asking again after 429, proxies from the environment (#648), groups in
 * impersonation (#2373), connections that are used more than once, one run of a credential plugin for all, and errors without headers
 * and without what a plugin printed.
 */
import { setMaxListeners } from "node:events";
import https from "node:https";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { ApiServerError } from "./api-server-error";
import { clockOffset } from "./clock";
import { connectionTo, type Connection } from "./connection";
import type { ResolvedKubeconfig } from "./kubeconfig";

export { ApiServerError };

/** The names and metadata of objects, without what is in them. */
export interface ObjectMetadata {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
    ownerReferences?: { name: string }[];
    /** Who has written it: the first one created it. */
    managedFields?: { manager?: string }[];
  };
}

export interface List<T> {
  items: T[];
}

const json = "application/json";
/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Longest wait for a connection, in milliseconds. Even a busy API server accepts one at once; only its answers take longer. */
const connectMs = 10_000;

/** For all requests to one API server, in milliseconds: many members are asked at once, on machines that are busy. */
export const defaultTimeoutMs = 30_000;

interface Response {
  status: number;
  /** What the API server asks for; 1 s where it names no number of seconds. */
  retryAfterMs: number;
  text: string;
}

export class ApiClient {
  /** How far the API server's clock is ahead of this machine's, in milliseconds (`clockOffset`), by its last answer. */
  clockOffsetMs: number | undefined;
  private readonly deadline: number;
  /** Aborted at the deadline, or when it is closed. */
  private readonly end = new AbortController();
  /**
   * Not `AbortSignal.timeout` in an `AbortSignal.any`: nothing holds that one, and after a garbage collection it is never aborted.
   * https://github.com/nodejs/node/issues/57736
   */
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly base: string,
    private readonly connection: Connection,
    timeoutMs: number,
  ) {
    this.deadline = performance.now() + timeoutMs;
    this.timer = setTimeout(() => this.end.abort(), timeoutMs);
    // One for each request on its way.
    setMaxListeners(0, this.end.signal);
  }

  /**
   * Prepares to speak to the API server; no request is sent.
   * @param timeoutMs from here on, for all requests together.
   * @throws CredentialsError, ApiServerError
   */
  static async of(kubeconfig: ResolvedKubeconfig, timeoutMs: number): Promise<ApiClient> {
    return new ApiClient(kubeconfig.server.replace(/\/$/, ""), await connectionTo(kubeconfig), timeoutMs);
  }

  /** The object at a path; undefined where there is none. */
  async get<T>(path: string): Promise<T | undefined> {
    return this.found<T>(this.sendJson("GET", path, json));
  }

  /** What a path answers, as text: the metrics of a pod, through the API server's proxy. */
  async getText(path: string): Promise<string> {
    return this.send("GET", path, "text/plain");
  }

  /** The names, labels and annotations of what a path lists: nothing else leaves the API server. */
  async listMetadata(path: string): Promise<ObjectMetadata[]> {
    const list = await this.found<List<ObjectMetadata>>(this.sendJson("GET", path, metadataOnly));
    return list?.items ?? [];
  }

  /** For reviews, which Kubernetes answers by POST and stores nothing of; the lab makes a node by it. */
  async post<T>(path: string, body: unknown): Promise<T> {
    return this.sendJson("POST", path, json, JSON.stringify(body)) as Promise<T>;
  }

  /** What a client of another protocol, such as a WebSocket's, needs to take the same way, within the same time. */
  get transport(): { server: string; options: https.RequestOptions } {
    const { tls, agent, headers } = this.connection;
    return { server: this.base, options: { ...tls, agent, headers, signal: this.end.signal } };
  }

  /**
   * Deletes the object at a path, where there is one; what belongs to it goes afterwards.
   * @param uid of the object meant: another of its name is left alone, with an error.
   */
  async delete(path: string, uid?: string): Promise<void> {
    const options = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    await this.found(this.sendJson("DELETE", path, json, JSON.stringify(options)));
  }

  /** Ends every connection, an idle one keeps the process alive, and every request that waits for one. */
  close(): void {
    clearTimeout(this.timer);
    this.end.abort();
    const { agent } = this.connection;
    // Node 24 still makes a connection for a request that waited for one, finds it aborted, and keeps the connection.
    agent.on("free", (socket: Socket) => socket.destroy());
    agent.destroy();
  }

  private async found<T>(answer: Promise<unknown>): Promise<T | undefined> {
    try {
      return (await answer) as T;
    } catch (error) {
      if (error instanceof ApiServerError && error.kind === "status" && error.code === "404")
        return undefined;
      throw error;
    }
  }

  private async sendJson(method: string, path: string, accept: string, body?: string): Promise<unknown> {
    const text = await this.send(method, path, accept, body);
    try {
      return JSON.parse(text);
    } catch {
      throw new ApiServerError("answer", "200");
    }
  }

  /**
   * Asks again where the API server asks for patience, as Go's clients do: under load, and while it sets up the storage of a kind
   * whose CRD is new. https://kubernetes.io/docs/concepts/cluster-administration/flow-control/
   */
  private async send(method: string, path: string, accept: string, body?: string): Promise<string> {
    for (;;) {
      const { status, retryAfterMs, text } = await this.ask(method, path, accept, body);
      if (status >= 200 && status <= 299) return text;
      if (status !== 429 || performance.now() + retryAfterMs > this.deadline) {
        throw new ApiServerError("status", String(status));
      }
      await sleep(retryAfterMs, undefined, { signal: this.end.signal }).catch((error: Error) => {
        throw failure(error);
      });
    }
  }

  private ask(method: string, path: string, accept: string, body?: string): Promise<Response> {
    return new Promise((resolve, reject) => {
      const sent = Date.now();
      const fail = (error: NodeJS.ErrnoException) => reject(failure(error));
      const request = https.request(
        this.base + path,
        {
          ...this.connection.tls,
          method,
          agent: this.connection.agent,
          signal: this.end.signal,
          headers: {
            ...this.connection.headers,
            Accept: accept,
            // Node sends the body of a DELETE without saying how long it is.
            ...(body === undefined
              ? {}
              : { "Content-Type": json, "Content-Length": Buffer.byteLength(body) }),
          },
        },
        (response) => {
          this.clockOffsetMs = clockOffset(response.headers.date, sent, Date.now());
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", fail);
          response.on("end", () => {
            const text = Buffer.concat(chunks).toString("utf8");
            const retryAfterMs = patienceIn(response.headers["retry-after"], text);
            resolve({ status: response.statusCode ?? 0, retryAfterMs, text });
          });
        },
      );
      request.on("error", fail);
      request.once("socket", (socket) => {
        if (!socket.connecting) return;
        const giveUp = () => {
          if (!socket.connecting) return;
          fail(Object.assign(new Error(), { code: "ETIMEDOUT" }));
          request.destroy();
        };
        // Where this process was held up itself, the connection may have come meanwhile: that is looked at first.
        const timer = setTimeout(() => setImmediate(giveUp), connectMs);
        for (const event of ["connect", "close"]) socket.once(event, () => clearTimeout(timer));
      });
      request.end(body);
    });
  }
}

/** Without what the error itself may carry. */
export function failure(error: NodeJS.ErrnoException): ApiServerError {
  const code = error.code ?? "ERR_UNKNOWN";
  if (code === "ABORT_ERR") return new ApiServerError("timeout", code);
  return new ApiServerError(isTlsCode(code) ? "tls" : "unreachable", code);
}

/** How long an answer of 429 asks to wait, in milliseconds: by its header or by its Status. */
export function patienceIn(header: string | undefined, text: string): number {
  const seconds = Number(header) || Number(/"retryAfterSeconds":\s*(\d+)/.exec(text)?.[1]) || 1;
  return seconds * 1000;
}

/** Codes of OpenSSL's verification, and of Node's around it: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isTlsCode(code: string): boolean {
  return /^(CERT_|CRL_|UNABLE_TO_|ERROR_IN_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO)/.test(
    code,
  );
}
