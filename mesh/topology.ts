/** Who serves whom, who reads whose API, who needs which gateway. Lists of members are sorted by name. */
import type { Member, Mesh } from "./mesh";

/** Members that run istiod. */
export function primaries(mesh: Mesh): Member[] {
  return mesh.members.filter((member) => member.role === "primary");
}

/** Remotes that the named primary serves. */
export function remotesOf(mesh: Mesh, primary: string): Member[] {
  return mesh.members.filter((member) => member.role === "remote" && member.primary === primary);
}

/** Members whose APIs the named member's istiod reads: every other member; none for a remote, which has no istiod. */
export function peersOf(mesh: Mesh, reader: string): Member[] {
  const reads = primaries(mesh).some((primary) => primary.name === reader);
  return reads ? mesh.members.filter((member) => member.name !== reader) : [];
}

/** Primaries whose istiod reads the named member's API. */
export function readersOf(mesh: Mesh, member: string): Member[] {
  return primaries(mesh).filter((primary) => primary.name !== member);
}

/** Whether this primary's istiod is reached from other clusters: it serves remotes. */
export function exposesIstiod(mesh: Mesh, member: string): boolean {
  return remotesOf(mesh, member).length > 0;
}

/**
 * Whether the member needs an east-west gateway: it shares the mesh with a member of another network,
 * or its istiod is exposed through the gateway.
 * https://istio.io/latest/docs/setup/install/multicluster/
 */
export function needsEastWestGateway(mesh: Mesh, member: string): boolean {
  return networks(mesh).length > 1 || exposesIstiod(mesh, member);
}

/** Networks of the mesh, sorted. */
export function networks(mesh: Mesh): string[] {
  return [...new Set(mesh.members.map((member) => member.network))].sort();
}

/** Members whose roots the named member trusts, itself included. */
export function trustedBy(mesh: Mesh, member: string): Member[] {
  const trusts = mesh.members.find(({ name }) => name === member)?.trust.trusts;
  return mesh.members.filter(({ name }) => name === member || trusts === undefined || trusts.includes(name));
}
