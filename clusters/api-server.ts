/** Reading from a member's API server. */
import { setMaxListeners } from "node:events";
import https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import tls from "node:tls";
import type { Agent } from "node:http";
import { credentialsOf, type Credentials } from "./credentials";
import type { ResolvedKubeconfig } from "./kubeconfig";
import { proxyAgent, proxyFor } from "./proxy";

/** Why a request came to nothing. Holds codes only: a library's own error may carry headers, and with them a token. */
export class ApiServerError extends Error {
  constructor(
    readonly kind: "unreachable" | "timeout" | "tls" | "material" | "status" | "answer",
    /** A code of Node or OpenSSL, or an HTTP status. */
    readonly code: string,
  ) {
    super(`${kind}: ${code}`);
    this.name = "ApiServerError";
  }
}

/** The names and metadata of objects, without what is in them. */
export interface ObjectMetadata {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    deletionTimestamp?: string;
  };
}

export interface List<T> {
  items: T[];
}

const json = "application/json";
/** https://kubernetes.io/docs/reference/using-api/api-concepts/#metadata-only-fetches */
const metadataOnly = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/** Longest wait for a connection, in milliseconds. Who is there accepts it at once, however busy; a busy one may then take its time. */
const connectMs = 10_000;

/** For all requests to one API server, in milliseconds: many members are asked at once, on machines that are busy. */
export const defaultTimeoutMs = 30_000;

interface Response {
  status: number;
  /** What the API server asks for; 1 s where it names no number of seconds. */
  retryAfterMs: number;
  text: string;
}

export class ApiServer {
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
    private readonly agent: Agent,
    private readonly tlsOptions: https.RequestOptions,
    private readonly headers: Credentials["headers"],
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
  static async of(kubeconfig: ResolvedKubeconfig, timeoutMs: number): Promise<ApiServer> {
    const { cert, key, headers } = await credentialsOf(kubeconfig);
    const ca = kubeconfig.cluster["certificate-authority-data"];
    const tlsOptions: https.RequestOptions & tls.ConnectionOptions = {
      secureContext: secureContext(typeof ca === "string" ? Buffer.from(ca, "base64") : undefined, cert, key),
      rejectUnauthorized: !kubeconfig.insecureSkipTlsVerify,
      servername: kubeconfig.tlsServerName,
    };
    const own = kubeconfig.cluster["proxy-url"];
    const proxy = proxyFor(new URL(kubeconfig.server), typeof own === "string" ? own : undefined);
    // A handshake costs more than a request has to wait for a few others.
    const agent =
      proxy === undefined ? new https.Agent({ keepAlive: true, maxSockets: 4 }) : await proxyAgent(proxy);
    return new ApiServer(kubeconfig.server.replace(/\/$/, ""), agent, tlsOptions, headers, timeoutMs);
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

  /** For the reviews that Kubernetes answers by POST; nothing is stored. */
  async review<T>(path: string, body: unknown): Promise<T> {
    return this.sendJson("POST", path, json, JSON.stringify(body)) as Promise<T>;
  }

  /** For a client of another protocol, such as a WebSocket's: the same server, asked in the same way, and no longer. */
  get transport(): { server: string; options: https.RequestOptions } {
    const { agent, headers, tlsOptions } = this;
    return { server: this.base, options: { ...tlsOptions, agent, headers, signal: this.end.signal } };
  }

  /** Ends every connection, an idle one keeps the process alive, and every request that waits for one. */
  close(): void {
    clearTimeout(this.timer);
    this.end.abort();
    this.agent.destroy();
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
      const fail = (error: NodeJS.ErrnoException) => reject(failure(error));
      const request = https.request(
        this.base + path,
        {
          ...this.tlsOptions,
          method,
          agent: this.agent,
          signal: this.end.signal,
          headers: {
            ...this.headers,
            Accept: accept,
            ...(body === undefined ? {} : { "Content-Type": json }),
          },
        },
        (response) => {
          const chunks: Buffer[] = [];
          response.on("data", (chunk: Buffer) => chunks.push(chunk));
          response.on("error", fail);
          response.on("end", () =>
            resolve({
              status: response.statusCode ?? 0,
              retryAfterMs: (Number(response.headers["retry-after"]) || 1) * 1000,
              text: Buffer.concat(chunks).toString("utf8"),
            }),
          );
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

function secureContext(
  ca: Buffer | undefined,
  cert: Credentials["cert"],
  key: Credentials["key"],
): tls.SecureContext {
  try {
    // Go takes an intermediate for an anchor, and some clusters have one for their CA.
    return tls.createSecureContext({ ca: ca ?? systemRoots(), cert, key, allowPartialTrustChain: true });
  } catch (error) {
    throw new ApiServerError("material", (error as NodeJS.ErrnoException).code ?? "ERR_UNKNOWN");
  }
}

/** Go's clients trust what the operating system trusts, Node only what it brought along; newer ones can be asked to do both. */
function systemRoots(): string[] | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (type: "default" | "system") => string[] };
  return getCACertificates && [...getCACertificates("default"), ...getCACertificates("system")];
}

/** Codes of OpenSSL's verification, and of Node's around it: https://nodejs.org/api/tls.html#x509-certificate-error-codes */
function isTlsCode(code: string): boolean {
  return /^(CERT_|CRL_|UNABLE_TO_|ERROR_IN_|SELF_SIGNED_|DEPTH_ZERO_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH|ERR_TLS_|ERR_SSL_|ERR_OSSL_|EPROTO)/.test(
    code,
  );
}
