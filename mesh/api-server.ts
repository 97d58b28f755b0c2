/** Whether peers can reach the address of an API server at all. */
import ipaddr from "ipaddr.js";
import type { Member, Mesh } from "./mesh";
import type { Problem } from "./problems";
import { readersOf } from "./topology";

/**
 * Whether a URL leads back to the machine that uses it: 127.0.0.0/8, ::1, localhost and its subdomains (RFC 6761), and
 * the unspecified addresses, which kubeconfigs of local clusters hold.
 */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return ipaddr.isValid(host) && ["loopback", "unspecified"].includes(ipaddr.process(host).range());
}

/**
 * The most frequent mistake of all (istio#31081, istio#58047): a member's API server on a loopback address, where the
 * istiods of its peers find themselves instead.
 * @param server the URL at which the peers would reach it: `apiServer`, or the server in the member's kubeconfig.
 */
export function loopbackProblem(mesh: Mesh, member: Member, server: string): Problem | undefined {
  const readers = readersOf(mesh, member.name).map(({ name }) => name);
  if (readers.length === 0 || mesh.config.remoteAccess.allowLoopback || !isLoopback(server)) return undefined;
  return {
    path: `${member.path}.apiServer`,
    value: server,
    message: `A loopback address: from ${readers.join(", ")} it does not lead to the API server of ${member.name}.`,
    remedy: "Set it to the URL at which the API server is reached from the other clusters.",
  };
}
