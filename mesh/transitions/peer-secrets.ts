/** Changes of what a PeerSecret says of a peer, which some istiods do not survive. */
import { isDeepStrictEqual } from "node:util";
import { brokenRotation } from "../istio-versions";
import type { LiveMember } from "../live-member";
import type { Member } from "../mesh-spec";
import { readersOf } from "../topology";
import { ofMembers } from "./step";

/** A renewed reader token changes the PeerSecrets of all readers. */
export const renewedToken = ofMembers((member, now, { live, mesh }) => {
  const { generation } = member.remoteAccess;
  const renewed = now.tokenGenerations.length > 0 && !now.tokenGenerations.includes(generation);
  if (!renewed || mesh.config.remoteAccess.allowBrokenRotation) return [];
  return readersOf(mesh, member.name).flatMap((reader) => {
    const harm = harmTo(reader, live.get(reader.name));
    if (harm === undefined) return [];
    const { renewEveryHours } = mesh.config.remoteAccess;
    const known = Math.max(...now.tokenGenerations);
    // It would stay if nobody were revoked.
    if (now.tokenGenerations.includes(generation - member.remoteAccess.forRevoked)) {
      return {
        path: "weft:mesh.trust.revoked",
        message: `It renews the token of ${member.name}, and a new one would reach ${harm.what}.`,
        remedy:
          `Set istio.version of ${reader.name} to ${harm.fixedIn} or later, \`pulumi up\`; then revoke. If that is too late: ` +
          `weft:mesh.remoteAccess.allowBrokenRotation: true, and restart istiod of ${reader.name} after the \`pulumi up\`.`,
      };
    }
    return {
      ...(renewEveryHours === undefined
        ? { path: `${member.path}.remoteAccess.generation`, value: String(generation) }
        : { path: "weft:mesh.remoteAccess.renewEveryHours", value: String(renewEveryHours) }),
      message: `A new token for ${member.name} would reach ${harm.what}.`,
      remedy:
        (renewEveryHours === undefined
          ? `Keep generation ${known}`
          : `Take it out and set remoteAccess.generation of ${member.name} to ${known}`) +
        `, set istio.version of ${reader.name} to ${harm.fixedIn} or later, \`pulumi up\`; then renew.`,
    };
  });
});

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
