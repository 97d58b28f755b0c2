import { readFileSync } from "node:fs";
import { Agent, request } from "node:https";
import { join } from "node:path";

export interface Response<T> {
  readonly status: number;
  readonly body: T;
}

/** Talks to one server of the lab, as the owner of a client certificate. */
export interface Client {
  /** @returns undefined when the server cannot be reached */
  send<T = unknown>(method: "GET" | "POST", path: string, body?: unknown): Promise<Response<T> | undefined>;
  close(): void;
}

/** @param user file name in `pki` of the client certificate, without its ending */
export function connect(port: number, pki: string, user: string): Client {
  const agent = new Agent({
    keepAlive: true,
    ca: readFileSync(join(pki, "ca.crt")),
    cert: readFileSync(join(pki, `${user}.crt`)),
    key: readFileSync(join(pki, `${user}.key`)),
  });
  return {
    close: () => agent.destroy(),
    send: <T>(method: string, path: string, body?: unknown) =>
      new Promise<Response<T> | undefined>((resolve) => {
        const call = request(
          {
            agent,
            host: "127.0.0.1",
            port,
            path,
            method,
            headers: { "content-type": "application/json" },
            timeout: 5_000,
          },
          (response) => {
            const chunks: Buffer[] = [];
            response
              .on("data", (chunk: Buffer) => chunks.push(chunk))
              .once("error", () => resolve(undefined))
              .once("end", () =>
                resolve({ status: response.statusCode ?? 0, body: parse(Buffer.concat(chunks)) as T }),
              );
          },
        );
        call.once("timeout", () => call.destroy()).once("error", () => resolve(undefined));
        call.end(body === undefined ? undefined : JSON.stringify(body));
      }),
  };
}

/** JSON where it is JSON; the health endpoints answer with plain text. */
function parse(body: Buffer): unknown {
  const text = body.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
