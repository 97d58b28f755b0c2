/** Serves what a watcher holds: /metrics to Prometheus, /healthz to the kubelet. */
import { once } from "node:events";
import http from "node:http";
import { contentType } from "./metrics";
import type { Watcher } from "./watcher";

/** @throws what Node's `listen` does */
export async function serve(
  watcher: Watcher,
  { host, port }: { host?: string; port: number },
): Promise<http.Server> {
  const server = http.createServer(({ method, url = "" }, response) => {
    const [status, text, type] = answer(watcher, method, url.split("?", 1)[0]);
    response.writeHead(status, { "Content-Type": type ?? "text/plain; charset=utf-8" }).end(text);
  });
  server.listen(port, host);
  await once(server, "listening");
  return server;
}

function answer(
  watcher: Watcher,
  method: string | undefined,
  path: string | undefined,
): [status: number, text: string, type?: string] {
  if (method !== "GET" && method !== "HEAD") return [405, "GET or HEAD.\n"];
  if (path === "/healthz") {
    return watcher.isAlive ? [200, "ok\n"] : [503, "The last look at the mesh is too long ago.\n"];
  }
  if (path !== "/metrics") return [404, "/metrics or /healthz.\n"];
  return watcher.metrics === undefined
    ? [503, "The first look at the mesh has not ended yet.\n"]
    : [200, watcher.metrics, contentType];
}
