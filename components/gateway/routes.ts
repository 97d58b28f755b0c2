/** Istio's objects for what a north-south gateway serves. Pure. */
import type { IngressConfig } from "../../mesh/schema";

export interface HostRoutes {
  host: string;
  /** Name of the Gateway and the VirtualService of this host. */
  name: string;
  /** `spec` of the Gateway. */
  gateway: object;
  /** `spec` of the VirtualService. */
  virtualService: object;
}

/**
 * One Gateway and one VirtualService for each host, sorted by host; the longer path is matched first.
 * @param member whose gateway it is: a remote's objects stand in its primary, beside those of others.
 */
export function hostRoutes(member: string, routes: IngressConfig["routes"]): HostRoutes[] {
  const hosts = [...new Set(routes.map(({ host }) => host))].sort();
  return hosts.map((host) => {
    const name = `${member}-${host.replace(/^\*\./, "any-of.")}`;
    return {
      host,
      name,
      gateway: {
        selector: { istio: "ingressgateway" },
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: [host] }],
      },
      virtualService: {
        hosts: [host],
        gateways: [name],
        http: routes
          .filter((route) => route.host === host)
          .sort((a, b) => b.path.length - a.path.length)
          .map(({ path, service, port }) => ({
            match: [{ uri: { prefix: path } }],
            route: [{ destination: { host: `${service}.svc.cluster.local`, port: { number: port } } }],
          })),
      },
    };
  });
}
