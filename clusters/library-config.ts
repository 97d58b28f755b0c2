/** @kubernetes/client-node by our way to an API server, for what only it does: to run a command in a pod, to reach a port of one. */
import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import type { ApiClient } from "./api-client";

/**
 * The library's config, whose credentials, TLS and proxy are those of `api`. It takes most of a second to load.
 * @param api what the library opens ends with it.
 * @param more options of its WebSockets.
 */
export async function libraryConfig(
  api: ApiClient,
  more: { handshakeTimeout?: number } = {},
): Promise<KubeConfig> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const { server, options } = api.transport;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name: "", server, skipTLSVerify: false }, { name: "" });
  config.applyToHTTPSOptions = (own: RequestOptions) => {
    Object.assign(own, options, more, { headers: { ...own.headers, ...options.headers } });
    return Promise.resolve();
  };
  return config;
}
