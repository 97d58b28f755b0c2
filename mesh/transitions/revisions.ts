/** Changes of which istiods there are, and of which of them the workloads use. */
import type { LiveIstiod, LiveMember } from "../live-member";
import type { Member, MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import { defaultRevision, releaseOf, tagsOf } from "../revisions";
import { ofMembers, type Step } from "./step";

/** It would be one istiod in place of another. */
export const changedRevision = ofMembers((member, { istiods }, { mesh }) => {
  const { revisions: named, revision } = mesh.config.istio;
  if (istiods === undefined || member.role === "remote") return [];
  if (keepsOne(member, istiods)) return [];
  const wanted = member.istio.revisions.map(({ name }) => name);
  const [running] = Object.keys(istiods).sort();
  return [
    {
      path: named === undefined ? "weft:mesh.istio.revision" : "weft:mesh.istio.revisions",
      value: named === undefined ? revision : wanted.join(", "),
      message: `The running istiod is of revision ${running}. It would be deleted, and every proxy that it serves would lose its control plane until it is injected again.`,
      remedy:
        named === undefined
          ? `${running === defaultRevision ? "Leave it out" : `Set it back to ${running}`}. To upgrade, change istio.version: Weft does it in place, member by member. Or use istio.revisions (docs/runbooks/upgrade.md).`
          : `Name ${running} beside them, with its version, until nothing uses it (docs/runbooks/upgrade.md).`,
    },
  ];
});

function keepsOne({ istio }: Member, istiods: Record<string, LiveIstiod>): boolean {
  return istio.revisions.some(({ name }) => istiods[name] !== undefined);
}

/** Helm renames no release: the istiod would be deleted, after its successor has stumbled over its objects. */
export const movedRelease = ofMembers((member, { istiods = {} }, { mesh, last }) => {
  const { istio } = mesh.config;
  const path = "weft:mesh.istio.revision";
  return member.istio.revisions.flatMap(({ name }): Problem[] => {
    const now = istiods[name]?.release;
    const isOurs = now === "istiod" || last.members[member.name]?.revisions[name] !== undefined;
    if (member.role === "remote" || now === undefined || !isOurs || now === releaseOf(istio, name)) return [];
    return [
      {
        path,
        value: istio.revision,
        message: `istiod of revision ${name} is Helm release ${now}, and would become ${releaseOf(istio, name)}: it would be deleted.`,
        remedy: now === "istiod" ? `Set it to ${name}.` : "Leave it out.",
      },
    ];
  });
});

/** Those that Weft made. What somebody else has installed beside them stays. */
export const droppedRevision = ofMembers((member, { istiods = {}, users }, { mesh, last }) => {
  const wanted = new Set(member.istio.revisions.map(({ name }) => name));
  const made = Object.keys(last.members[member.name]?.revisions ?? {});
  return made
    .filter((name) => !wanted.has(name) && istiods[name] !== undefined)
    .flatMap((name): Problem[] => {
      const using =
        users === undefined ? ["what this user may not list: namespaces, pods"] : (users[name] ?? []);
      if (using.length === 0) return [];
      return [
        {
          path: "weft:mesh.istio.revisions",
          value: [...wanted].join(", "),
          message: `In ${member.name}, revision ${name} is used by ${using.join("; ")}.`,
          remedy: `Keep it${mesh.config.istio.revisions === undefined ? " in `revisions`" : ""} until they use another one: move their tags and labels, restart them, and \`npm run status\` says when nothing is left (docs/runbooks/upgrade.md).`,
        },
      ];
    });
});

/** The wave mechanism: nobody goes where an istiod is not ready, and nobody follows those who are not well there. */
export const movedTag = ofMembers((member, live, step) => {
  if (member.role === "remote" || live.istiods === undefined || !keepsOne(member, live.istiods)) return [];
  return Object.entries(member.istio.tags).flatMap(([tag, revision]): Problem[] => {
    const now = leadsTo(live, tag);
    if (now === undefined || now === revision) return [];
    const problem = {
      path: tagPath(step.mesh, member, tag),
      value: revision,
    };
    const own = unreadiness(live.istiods![revision]);
    if (own !== undefined) {
      return [
        {
          ...problem,
          message: `istiod of revision ${revision} ${own} in ${member.name}, whose tag ${tag} leads to ${now}.`,
          remedy: `Leave the tag at ${now} until \`pulumi up\` has brought it and \`npm run status\` says that it is ready.`,
        },
      ];
    }
    const unwell = movedBefore(step, member, tag, revision).filter(
      ({ istiods = {} }) => unreadiness(istiods[revision]) !== undefined,
    );
    if (unwell.length === 0) return [];
    return [
      {
        ...problem,
        message: `Tag ${tag} of ${unwell.map(({ name }) => name).join(", ")} leads to revision ${revision} already, whose istiod is not ready there.`,
        remedy: `Leave the tag of ${member.name} at ${now} until \`npm run status\` says that they are well, or lead theirs back.`,
      },
    ];
  });
});

/** Where a tag leads now; undefined where there is none. Without one, `default` is the istiod without a revision. */
function leadsTo({ tags, istiods = {} }: LiveMember, tag: string): string | undefined {
  if (tags === undefined) return undefined;
  return tags[tag] ?? (tag === defaultRevision && istiods[defaultRevision] ? defaultRevision : undefined);
}

function unreadiness(istiod: LiveIstiod | undefined): string | undefined {
  if (istiod === undefined) return "does not run";
  return istiod.isReady ? undefined : "is not ready";
}

function movedBefore({ live }: Step, { name }: Member, tag: string, revision: string): LiveMember[] {
  return [...live.values()].filter((other) => other.name !== name && other.tags?.[tag] === revision);
}

function tagPath({ config }: MeshSpec, { path, istio }: Member, tag: string): string {
  const isOfAll = tagsOf(config.istio)[tag] === istio.tags[tag];
  return isOfAll ? `weft:mesh.istio.tags.${tag}` : `${path}.istio.tags.${tag}`;
}
