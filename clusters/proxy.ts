/** Which proxy leads to a URL: as Go's clients choose it, so that Weft and the provider take the same way. */
import type { Agent } from "node:http";
import ipaddr from "ipaddr.js";
import { ApiServerError } from "./api-server-error";
import { isProxyUrl } from "./kubeconfig-fields";

/**
 * URL of the proxy to take; undefined: none.
 * @param own `proxy-url` of the kubeconfig; default: $HTTPS_PROXY or $HTTP_PROXY, unless $NO_PROXY has the host.
 * @see https://pkg.go.dev/golang.org/x/net/http/httpproxy
 * @throws ApiServerError where the environment's is no URL.
 */
export function proxyFor(url: URL, own?: string): string | undefined {
  if (own !== undefined) return own;
  const name = url.protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  const value = variable(name);
  if (value === undefined || bypasses(url, variable("NO_PROXY") ?? "")) return undefined;
  const proxy = value.includes("://") ? value : `http://${value}`;
  if (!isProxyUrl(proxy)) throw new ApiServerError("proxy", name);
  return proxy;
}

/** An agent that goes through the proxy. */
export async function proxyAgent(proxy: string): Promise<Agent> {
  if (proxy.startsWith("socks")) {
    const { SocksProxyAgent } = await import("socks-proxy-agent");
    // To Go's clients the proxy resolves names in any case, which to this library is another scheme.
    return new SocksProxyAgent(proxy.replace(/^socks5:/, "socks5h:"));
  }
  const { HttpsProxyAgent } = await import("https-proxy-agent");
  return new HttpsProxyAgent(proxy);
}

function variable(name: string): string | undefined {
  return process.env[name] || process.env[name.toLowerCase()] || undefined;
}

function bypasses(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const address = ipaddr.isValid(host) ? ipaddr.process(host) : undefined;
  if (host === "localhost" || address?.range() === "loopback") return true;
  const port = url.port || (url.protocol === "https:" ? "443" : "80");
  return noProxy
    .split(",")
    .map((rule) => rule.trim().toLowerCase())
    .filter((rule) => rule !== "")
    .some((rule) => {
      if (rule === "*") return true;
      if (ipaddr.isValidCIDR(rule)) {
        const [network, bits] = ipaddr.parseCIDR(rule);
        return address?.kind() === network.kind() && address.match(network, bits);
      }
      if (ipaddr.isValid(rule)) return address?.toString() === ipaddr.process(rule).toString();
      const [, name = "", onlyPort] = /^(.*?)(?::(\d+))?$/.exec(rule) ?? [];
      if (onlyPort !== undefined && onlyPort !== port) return false;
      const domain = name.replace(/^\*?\./, "");
      return (host === domain && domain === name) || host.endsWith(`.${domain}`);
    });
}
