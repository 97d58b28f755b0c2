/** What of a mesh that was installed by hand stays beside Weft's, and what the first `up` changes. Pure. */
import { eastWestName } from "../../components/gateway/gateway-chart-values";
import type { AdoptedMember } from "./adoption";

export function notesOf(members: AdoptedMember[]): string[] {
  const names = members.map(({ member }) => member.name);
  return members.flatMap(({ member: { name }, found, releases }) => {
    const read = found.remoteSecrets.flatMap(({ clusters }) => Object.keys(clusters));
    const unread = names.filter((peer) => peer !== name && !read.includes(peer));
    const strangers = [...new Set(read)].filter((cluster) => !names.includes(cluster)).sort();
    const beside = found.releases.filter(
      (release) => !(Object.values(releases) as unknown[]).includes(release),
    );
    return [
      ...(unread.length > 0
        ? [
            `${name}: its istiod does not read ${unread.join(", ")} now. From the first \`pulumi up\` on it does.`,
          ]
        : []),
      ...(strangers.length > 0
        ? [
            `${name}: its istiod also reads ${strangers.join(", ")}, not listed in weft:clusters. That stays as it is, by the Secrets that are there.`,
          ]
        : []),
      ...(beside.length > 0
        ? [
            `${name}: ${beside.map((release) => `release ${release.name}`).join(", ")} in istio-system stays yours.`,
          ]
        : []),
      ...(releases.eastWest === undefined && members.length > 1
        ? [
            `${name}: there is no ${eastWestName}. Where the mesh has more than one network, the first \`pulumi up\` makes one.`,
          ]
        : []),
      ...(found.cacerts!.others.length > 0
        ? [
            `${name}: Secret cacerts also holds ${found.cacerts!.others.join(", ")}. The first \`pulumi up\` takes it out: keep a copy.`,
          ]
        : []),
    ];
  });
}
