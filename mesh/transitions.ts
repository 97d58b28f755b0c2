/** What must not be done from the live state in one step. */
import type { LiveMember, PeerApiServer } from "./live-member";
import type { Member, Mesh } from "./mesh";
import type { Problem } from "./problems";
import { movedIngress } from "./transitions/ingress";
import { movedPeer, renewedToken } from "./transitions/remote-secrets";
import { changedTrust } from "./transitions/trust";

/**
 * Problems of going from the live state to this mesh in one `up`. None for what is installed for the first time.
 * Which roots a member trusts shows in its annotations and its bundle, so where they are missing nothing is said of them.
 * @param apiServers by member: where its peers are to reach it. Nothing is said of members that are not in it.
 */
export function checkTransition(
  live: LiveMember[],
  mesh: Mesh,
  apiServers: ReadonlyMap<string, PeerApiServer> = new Map(),
): Problem[] {
  const before = new Map(live.map((member) => [member.name, member]));
  const problems = mesh.members.flatMap((member) => {
    const now = before.get(member.name);
    if (now === undefined) return [];
    return [
      ...ownership(mesh, member, now),
      ...renewedToken(before, mesh, member, now),
      ...movedPeer(before, mesh, member, apiServers.get(member.name)),
      ...changedTrust(mesh, member, now),
      ...movedIngress(member, now),
    ];
  });
  // In shared trust every member runs into the same.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The namespace is created first, and what is in it goes when the member leaves: it has to be this member's own. */
function ownership(mesh: Mesh, member: Member, now: LiveMember): Problem[] {
  const { namespace } = now;
  if (namespace === undefined) return [];
  if (namespace.member === undefined) {
    return [
      {
        path: member.path,
        value: member.name,
        message: `${member.name} has a namespace istio-system that is not Weft's.`,
        remedy: "Uninstall the Istio that runs there, delete the namespace, `pulumi up` again.",
      },
    ];
  }
  if (namespace.mesh === mesh.config.id && namespace.member === member.name) return [];
  return [
    {
      path: member.path,
      value: member.name,
      message: `This cluster is member ${namespace.member} of mesh ${namespace.mesh} already.`,
      remedy: `Remove it there and \`pulumi up\`, then add it as ${member.name} of ${mesh.config.id}. A mesh or a member cannot be renamed.`,
    },
  ];
}
