/** Who serves whom, who reads whose API, who needs which gateway. Lists of members are sorted by name. */
import { isIP } from "node:net";
import type { Member, MeshSpec } from "./mesh-spec";
import type { IngressConfig } from "./schema";

/** Members that run istiod. */
export function primaries({ members }: MeshSpec): Member[] {
  return members.filter(({ role }) => role === "primary");
}

/** Remotes that the named primary serves. */
export function remotesOf({ members }: MeshSpec, primary: string): Member[] {
  return members.filter((member) => member.role === "remote" && member.primary === primary);
}

/** Members whose APIs the named member's istiod reads: every other one; none for a remote, which has no istiod. */
export function peersOf(mesh: MeshSpec, reader: string): Member[] {
  const hasIstiod = primaries(mesh).some(({ name }) => name === reader);
  return hasIstiod ? mesh.members.filter(({ name }) => name !== reader) : [];
}

/** Primaries whose istiods read the named member's API. */
export function readersOf(mesh: MeshSpec, member: string): Member[] {
  return primaries(mesh).filter(({ name }) => name !== member);
}

/** Whether this primary's istiod is reached from other clusters, through its gateway: it serves remotes. */
export function exposesIstiod(mesh: MeshSpec, member: string): boolean {
  return remotesOf(mesh, member).length > 0;
}

/** DNS name of the istiod of every primary, in its own cluster. */
export function istiodHost({ config }: MeshSpec): string {
  const { revision } = config.istio;
  return `istiod${revision === undefined ? "" : `-${revision}`}.istio-system.svc.cluster.local`;
}

/** DNS names in the certificate of a primary's istiod (getDNSNames in pilot/pkg/bootstrap/server.go). */
export function istiodNames({ config }: MeshSpec, { eastWest }: Member): string[] {
  const { revision } = config.istio;
  const services = ["istiod", "istiod-remote", "istio-pilot", ...(revision ? [`istiod-${revision}`] : [])];
  return [
    ...services.map((service) => `${service}.istio-system.svc`),
    ...eastWest.addresses.filter((host) => !isIP(host)),
  ];
}

/**
 * Whether the member needs an east-west gateway: it shares the mesh with a member of another network, or its gateway is
 * the way to its istiod. A remote on the network of all others needs none.
 * https://istio.io/latest/docs/setup/install/multicluster/
 */
export function needsEastWestGateway(mesh: MeshSpec, member: string): boolean {
  return networks(mesh).length > 1 || exposesIstiod(mesh, member);
}

/**
 * Whether the istiods may find the member's east-west gateway by its Service. They take a load balancer's address over the one of
 * `meshNetworks`, so not where stack config gives others (selectNetworkGateways in pilot/pkg/xds/endpoints/ep_filters.go).
 */
export function isDiscovered({ eastWest: { service, addresses } }: Member): boolean {
  return service.type !== "LoadBalancer" || addresses.length === 0;
}

/** Namespace of a member's ingress gateway. */
export function ingressNamespace({ namespace = "istio-ingress" }: Pick<IngressConfig, "namespace">): string {
  return namespace;
}

/** Networks of the mesh, sorted. */
export function networks({ members }: MeshSpec): string[] {
  return [...new Set(members.map(({ network }) => network))].sort();
}

/**
 * Federated trust: the primaries whose roots the named member's workloads trust, their own included. A remote has no
 * root of its own: the istiod of its primary signs its workloads, and tells them whom to trust.
 */
export function trustedBy(mesh: MeshSpec, member: string): Member[] {
  const issuer = mesh.members.find(({ name }) => name === member)?.primary;
  const trusts = primaries(mesh).find(({ name }) => name === issuer)?.trust.trusts;
  return primaries(mesh).filter(({ name }) => name === issuer || (trusts?.includes(name) ?? true));
}
