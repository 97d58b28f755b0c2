/** Whom the requests of each member reach, and who may answer them: it follows from what the istiods read. */
import type { Member, MeshSpec } from "./mesh-spec";

/** Whether the istiod of a primary knows the endpoints of a member: of its own cluster, and of those that it reads. */
export function knows({ name, reads }: Member, member: string): boolean {
  return name === member || (reads?.includes(member) ?? true);
}

/** Members to which workloads of the named one send requests, itself included: those that the istiod which serves it knows. */
export function reachedFrom({ members }: MeshSpec, member: string): Member[] {
  const serving = members.find(({ name }) => name === member)?.primary;
  const primary = members.find(({ name, role }) => name === serving && role === "primary");
  return primary === undefined ? [] : members.filter(({ name }) => knows(primary, name));
}

/** Whether members of other networks send requests to the named one, which come in through its east-west gateway. */
export function isReachedFromOtherNetworks({ members }: MeshSpec, member: string): boolean {
  const network = members.find(({ name }) => name === member)?.network;
  const serving = new Map(members.filter(({ role }) => role === "primary").map((one) => [one.name, one]));
  return members.some((from) => {
    const primary = serving.get(from.primary);
    return from.network !== network && primary !== undefined && knows(primary, member);
  });
}

/**
 * Members whose workloads may answer those of the named one: the members that it reaches; and those to which the gateway of another
 * network hands its requests on. A gateway knows what the istiod knows that serves it, and chooses among all endpoints of its network
 * (filterIstioEndpoint in pilot/pkg/xds/endpoints/endpoint_builder.go).
 */
export function answering(mesh: MeshSpec, member: string): Member[] {
  const network = mesh.members.find(({ name }) => name === member)?.network;
  const reached = reachedFrom(mesh, member);
  if (reached.length === mesh.members.length) return reached;
  const handedOn = reached
    .filter((one) => one.network !== network)
    .flatMap((one) => reachedFrom(mesh, one.name).filter((other) => other.network === one.network));
  const found = new Set([...reached, ...handedOn]);
  return mesh.members.filter((one) => found.has(one));
}

const known = new WeakMap<MeshSpec, ReadonlyMap<string, ReadonlySet<string>>>();

/** By primary: the primaries that sign for workloads which ask its own or those of its remotes, or answer them. The same from both sides. */
export function counterparts(mesh: MeshSpec): ReadonlyMap<string, ReadonlySet<string>> {
  const before = known.get(mesh);
  if (before !== undefined) return before;
  const found = new Map<string, Set<string>>();
  const add = (one: string, other: string) => found.set(one, (found.get(one) ?? new Set()).add(other));
  for (const from of mesh.members) {
    for (const { primary } of answering(mesh, from.name)) {
      add(from.primary, primary);
      add(primary, from.primary);
    }
  }
  known.set(mesh, found);
  return found;
}
