/** Istio's objects for what a north-south gateway serves. Pure. */
import { createHash } from "node:crypto";
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
 * @param isShared whether the istiod that reads them serves further members. It would give them to the ingress gateways of
 * all, so they select their own by the label that istiod gives every proxy (setTopologyLabels in pilot/pkg/xds/ads.go).
 */
export function hostRoutes(member: string, routes: IngressConfig["routes"], isShared: boolean): HostRoutes[] {
  const hosts = [...new Set(routes.map(({ host }) => host))].sort();
  const selector = {
    istio: "ingressgateway",
    ...(isShared && { "topology.istio.io/cluster": member }),
  };
  return hosts.map((host) => {
    const name = objectName(member, host);
    return {
      host,
      name,
      gateway: {
        selector,
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

/**
 * Istio wants a DNS label of a Gateway's name, and several members' objects may stand in one primary. Neither the words nor the
 * length of a label tell all members and hosts apart, so a hash does.
 */
function objectName(member: string, host: string): string {
  const hash = createHash("sha256").update(`${member}/${host}`).digest("hex").slice(0, 10);
  const words = `${member}-${host.replace(/^\*/, "any").replaceAll(".", "-")}`;
  return `${words.slice(0, longestLabel - hash.length - 1).replace(/-+$/, "")}-${hash}`;
}

const longestLabel = 63;
