/** Changes of what a PeerSecret says of a peer, which some istiods do not survive. */
import { isDeepStrictEqual } from "node:util";
import { brokenRotation } from "../istio-versions";
import type { LiveMember } from "../live-member";
import type { Member, MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import { lifetimeSetting } from "../reader-token";
import { readersOf } from "../topology";
import { ofMembers } from "./step";

/** A renewed reader token changes the PeerSecrets of all readers. */
export const renewedToken = ofMembers((member, now, { live, mesh }) => {
  if (!isRenewed(member, now) || mesh.config.remoteAccess.allowBrokenRotation) return [];
  return readersOf(mesh, member.name).flatMap((reader) => {
    const harm = harmTo(reader, live.get(reader.name));
    if (harm === undefined) return [];
    const { generation, forRevoked } = member.remoteAccess;
    // It would stay if nobody were revoked.
    if (forRevoked > 0 && generationsOf(member, now).includes(generation - forRevoked)) {
      return {
        path: "weft:mesh.trust.revoked",
        message: `It renews the token of ${member.name}, and a new one would reach ${harm.what}.`,
        remedy:
          `Set istio.version of ${reader.name} to ${harm.fixedIn} or later, \`pulumi up\`; then revoke. If that is too late: ` +
          `weft:mesh.remoteAccess.allowBrokenRotation: true, and restart istiod of ${reader.name} after the \`pulumi up\`.`,
      };
    }
    const upgrade = `set istio.version of ${reader.name} to ${harm.fixedIn} or later`;
    return {
      message: `A new token for ${member.name} would reach ${harm.what}.`,
      ...(member.remoteAccess.tokenLifetimeHours === undefined
        ? ofOneThatStays(mesh, member, now, upgrade)
        : ofOneThatEnds(mesh, member, now, upgrade, reader)),
    };
  });
});

/** One that nobody has yet is not renewed. */
function isRenewed({ remoteAccess }: Member, { unreachable, tokenGenerations, bindings, held }: LiveMember) {
  if (unreachable || (tokenGenerations.length === 0 && bindings === undefined)) return false;
  return remoteAccess.tokenLifetimeHours === undefined
    ? !tokenGenerations.includes(remoteAccess.generation)
    : held?.token === undefined;
}

function generationsOf({ remoteAccess }: Member, { tokenGenerations, bindings = {} }: LiveMember): number[] {
  return remoteAccess.tokenLifetimeHours === undefined ? tokenGenerations : Object.keys(bindings).map(Number);
}

type Advice = Pick<Problem, "path" | "value" | "remedy">;

function ofOneThatStays(mesh: MeshSpec, member: Member, now: LiveMember, upgrade: string): Advice {
  const { renewEveryHours } = mesh.config.remoteAccess;
  const known = Math.max(...now.tokenGenerations);
  if (now.tokenGenerations.length === 0) {
    return {
      path: `${member.path}.remoteAccess.tokenLifetimeHours`,
      remedy: `Keep tokens that end, ${upgrade}, \`pulumi up\`; then take tokenLifetimeHours out.`,
    };
  }
  return {
    ...(renewEveryHours === undefined
      ? { path: `${member.path}.remoteAccess.generation`, value: String(member.remoteAccess.generation) }
      : { path: "weft:mesh.remoteAccess.renewEveryHours", value: String(renewEveryHours) }),
    remedy:
      (renewEveryHours === undefined
        ? `Keep generation ${known}`
        : `Take it out and set remoteAccess.generation of ${member.name} to ${known}`) +
      `, ${upgrade}, \`pulumi up\`; then renew.`,
  };
}

function ofOneThatEnds(
  mesh: MeshSpec,
  member: Member,
  now: LiveMember,
  upgrade: string,
  reader: Member,
): Advice {
  return {
    ...lifetimeSetting(mesh, member),
    remedy:
      now.bindings === undefined
        ? `Leave it out, ${upgrade}, \`pulumi up\`; then set it.`
        : `Once and together, ${upgrade} and weft:mesh.remoteAccess.allowBrokenRotation to true, \`pulumi up\`, ` +
          `then restart istiod of ${reader.name}.`,
  };
}

/** So is another address or another CA of the member's API server. */
export const movedPeer = ofMembers((member, _, { live, mesh, peerAddresses }) => {
  const wanted = peerAddresses.get(member.name);
  if (wanted === undefined || mesh.config.remoteAccess.allowBrokenRotation) return [];
  return readersOf(mesh, member.name).flatMap((reader) => {
    const known = live.get(reader.name)?.peers?.[member.name];
    const harm = harmTo(reader, live.get(reader.name));
    if (known === undefined || harm === undefined) return [];
    const upgrade = `set istio.version of ${reader.name} to ${harm.fixedIn} or later`;
    const { server, insecureSkipTlsVerify, tlsServerName, proxyUrl } = wanted;
    if (server !== known.server) {
      return {
        path: member.apiServer === undefined ? member.path : `${member.path}.apiServer`,
        value: server,
        message: `A new address of ${member.name}'s API server would reach ${harm.what}.`,
        remedy: `Set its apiServer to ${known.server}, ${upgrade}, \`pulumi up\`; then change the address.`,
      };
    }
    const isSame =
      insecureSkipTlsVerify === known.insecureSkipTlsVerify &&
      tlsServerName === known.tlsServerName &&
      proxyUrl === known.proxyUrl &&
      (wanted.ca === undefined || known.ca === undefined || isDeepStrictEqual(wanted.ca, known.ca));
    if (isSame) return [];
    return {
      path: member.path,
      value: member.name,
      message: `A new CA of ${member.name}'s API server, a new name to expect there or a new proxy would reach ${harm.what}.`,
      remedy:
        `Once and together, ${upgrade} and weft:mesh.remoteAccess.allowBrokenRotation to true, \`pulumi up\`, ` +
        `then restart istiod of ${reader.name}.`,
    };
  });
});

/** What a changed PeerSecret does to the istiod of a reader, in words; undefined where it does no harm. */
function harmTo(reader: Member, live: LiveMember | undefined): { what: string; fixedIn: string } | undefined {
  // An istiod that starts now reads only the new one.
  if (live?.istiodVersion === undefined) return undefined;
  const version = [live.istiodVersion, ...reader.istio.revisions.map((wanted) => wanted.version)].find(
    (candidate) => brokenRotation(candidate) !== undefined,
  );
  if (version === undefined) return undefined;
  const { reason, source, fixedIn } = brokenRotation(version)!;
  return { what: `istiod ${version} of ${reader.name}, which then ${reason} (${source})`, fixedIn };
}
