/** East-west gateways that have an address already. */
import { isIP } from "node:net";
import { exposesIstiod, remotesOf } from "../topology";
import { ofMembers } from "./step";

/**
 * istiod's certificate has the names of stack config alone, and the API servers of its remotes look for the one that they call:
 * injectorValues in components/mesh-member/istio-chart-values.ts.
 */
export const namelessIstiod = ofMembers(({ name, path, eastWest }, now, { mesh }) => {
  const address = now.eastWest?.address;
  const isByName = address !== undefined && isIP(address) === 0 && eastWest.service.type === "LoadBalancer";
  if (!isByName || eastWest.addresses.length > 0 || !exposesIstiod(mesh, name)) return [];
  const remotes = remotesOf(mesh, name).map((remote) => remote.name);
  return [
    {
      path: `${path}.eastWest.addresses`,
      message:
        `Required: ${name} serves ${remotes.join(", ")}, and its load balancer has the DNS name ${address}, which is not in ` +
        "the certificate of istiod: API servers there would refuse to let istiod inject proxies.",
      remedy: `Set it to a DNS name of yours, and point that name at ${address}.`,
    },
  ];
});
