/** Who serves whom, who reads whose API, who needs which gateway. Lists of members are sorted by name. */
import { isIP } from "node:net";
import type { Member, MeshSpec } from "./mesh-spec";
import { istiodName } from "./revisions";
import { counterparts, isReachedFromOtherNetworks, knows } from "./requests";
import type { IngressConfig } from "./schema";

/** Members that run istiod. */
export function primaries({ members }: MeshSpec): Member[] {
  return members.filter(({ role }) => role === "primary");
}

/** Remotes that the named primary serves. */
export function remotesOf({ members }: MeshSpec, primary: string): Member[] {
  return members.filter((member) => member.role === "remote" && member.primary === primary);
}

/** Members whose APIs the named member's istiod reads; none for a remote, which has no istiod. */
export function peersOf(mesh: MeshSpec, reader: string): Member[] {
  const primary = primaries(mesh).find(({ name }) => name === reader);
  if (primary === undefined) return [];
  return mesh.members.filter(({ name }) => name !== reader && knows(primary, name));
}

/** Primaries whose istiods read the named member's API. */
export function readersOf(mesh: MeshSpec, member: string): Member[] {
  return primaries(mesh).filter((primary) => primary.name !== member && knows(primary, member));
}

/** Whether this primary's istiod is reached from other clusters, through its gateway: it serves remotes. */
export function exposesIstiod(mesh: MeshSpec, member: string): boolean {
  return remotesOf(mesh, member).length > 0;
}

/** DNS name of the istiod of every primary, in its own cluster. */
export function istiodHost({ config }: MeshSpec): string {
  return `${istiodName(config.istio.revision)}.istio-system.svc.cluster.local`;
}

/** DNS names in the certificates of a primary's istiods (getDNSNames in pilot/pkg/bootstrap/server.go). */
export function istiodNames({ eastWest, istio }: Member): string[] {
  const own = istio.revisions.map(({ name }) => istiodName(name));
  const services = new Set(["istiod", "istiod-remote", "istio-pilot", ...own]);
  return [
    ...[...services].map((service) => `${service}.istio-system.svc`),
    ...eastWest.addresses.filter((host) => !isIP(host)),
  ];
}

/**
 * Whether the member needs an east-west gateway: members of another network send requests to it, or its gateway is the way to its
 * istiod. A remote on the network of all others needs none.
 * https://istio.io/latest/docs/setup/install/multicluster/
 */
export function needsEastWestGateway(mesh: MeshSpec, member: string): boolean {
  return isReachedFromOtherNetworks(mesh, member) || exposesIstiod(mesh, member);
}

/** Whether this primary tells gateways to let requests of other networks in: its own, or those of its remotes. */
export function exposesServices(mesh: MeshSpec, primary: string): boolean {
  return mesh.members.some(
    (member) => member.primary === primary && isReachedFromOtherNetworks(mesh, member.name),
  );
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
 * Federated trust: the primaries whose roots the named member's workloads trust, their own included: those of `trust.trusts`, or all
 * whose workloads theirs may meet. A remote has no root of its own: the istiod of its primary signs its workloads, and tells them whom
 * to trust.
 */
export function trustedBy(mesh: MeshSpec, member: string): Member[] {
  const issuer = mesh.members.find(({ name }) => name === member)?.primary;
  const own = primaries(mesh).find(({ name }) => name === issuer);
  const met = own && counterparts(mesh).get(own.name);
  return primaries(mesh).filter(
    ({ name, trust }) =>
      name === issuer ||
      // Trust is of use only on both sides.
      (own?.trust.trusts?.includes(name) ?? (met?.has(name) || trust.trusts?.includes(own!.name) || false)),
  );
}
