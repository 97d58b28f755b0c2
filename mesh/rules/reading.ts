/** Who reads whom: `reads` of a member, and `weft:mesh.groups`. */
import type { Draft } from "../draft";
import type { Member } from "../mesh-spec";
import { settingPath, type Problem } from "../problems";
import { answering, knows } from "../requests";
import { didYouMean } from "../schema-problems";
import { readersOf, remotesOf, trustedBy } from "../topology";

const groupsPath = "weft:mesh.groups";

export function readingProblems(draft: Draft): Problem[] {
  const { mesh, clusters, names, complete } = draft;
  const named = [
    ...Object.entries(mesh.config.groups ?? {}).flatMap(([group, members]) =>
      members.map((name, index) => ({ path: settingPath(["mesh", "groups", group, index]), name })),
    ),
    ...clusters.flatMap(({ path, cluster }) =>
      (cluster.reads ?? []).map((name, index) => ({ path: `${path}.reads[${index}]`, name })),
    ),
  ];
  const all = names.map(({ name }) => name);
  const problems = [
    ...named
      .filter(({ name }) => !all.includes(name))
      .map(({ path, name }) => ({
        path,
        value: name,
        message: "No member has this name.",
        ...didYouMean(name, all),
      })),
    ...clusters.flatMap(({ path, cluster }) => ofItself(path, cluster.name, cluster.reads ?? [])),
    ...mesh.members.flatMap((member) => [...ofRemote(member, draft), ...inNoGroup(member, draft)]),
  ];
  if (!complete || problems.length > 0) return problems;
  return [...mesh.members.flatMap((member) => unreadRemotes(member, draft)), ...withoutTrust(draft)];
}

function ofItself(path: string, name: string, reads: string[]): Problem[] {
  const index = reads.indexOf(name);
  if (index === -1) return [];
  return [
    {
      path: `${path}.reads[${index}]`,
      value: name,
      message: "This is the member itself, whose own cluster its istiod reads in any case.",
      remedy: "Remove it.",
    },
  ];
}

function readsOf(name: string, { clusters }: Draft): string[] | undefined {
  return clusters.find(({ cluster }) => cluster.name === name)?.cluster.reads;
}

function ofRemote({ name, role, path, primary }: Member, draft: Draft): Problem[] {
  if (role === "primary" || readsOf(name, draft) === undefined) return [];
  return [
    {
      path: `${path}.reads`,
      message: `This member is a remote and runs no istiod: that of ${primary} reads for it.`,
      remedy: `Remove it, or move it to ${primary}.`,
    },
  ];
}

function inNoGroup({ name, role, path }: Member, draft: Draft): Problem[] {
  const { groups } = draft.mesh.config;
  if (role === "remote" || groups === undefined || readsOf(name, draft) !== undefined) return [];
  if (Object.values(groups).some((group) => group.includes(name))) return [];
  return [
    {
      path,
      value: name,
      message: `It is in no group of \`${groupsPath}\`, so it would read nobody.`,
      remedy: "Add it to one (a member that is found, by label weft.dev/group), or give it `reads`.",
    },
  ];
}

/** An istiod injects no proxy in a cluster that it does not read, and tells none of it where anything is. */
function unreadRemotes({ name, role, path }: Member, draft: Draft): Problem[] {
  if (role === "remote") return [];
  const unread = remotesOf(draft.mesh, name).filter(
    (remote) => !readersOf(draft.mesh, remote.name).some((reader) => reader.name === name),
  );
  const reads = readsOf(name, draft);
  return unread.map((remote) => ({
    path: reads === undefined ? groupsPath : `${path}.reads`,
    value: reads?.join(", "),
    message: `${name} serves ${remote.name}, and does not read it: nothing there would be injected.`,
    remedy: `Add ${remote.name} to ${reads === undefined ? `a group that ${name} is in` : "the list"}.`,
  }));
}

/** Mutual TLS needs trust in both directions. Where everybody reads everybody, `trust.trusts` alone says who is to be reached. */
function withoutTrust(draft: Draft): Problem[] {
  const { mesh } = draft;
  if (mesh.config.trust.mode === "shared") return [];
  const find = (name: string) => mesh.members.find((member) => member.name === name);
  const trusts = (one: string, other: string) => trustedBy(mesh, one).some(({ name }) => name === other);
  const told = new Set<string>();
  return mesh.members.flatMap((member) => {
    const reader = find(member.primary);
    if (reader?.reads === undefined) return [];
    const path = readsOf(reader.name, draft) === undefined ? groupsPath : `${reader.path}.reads`;
    return answering(mesh, member.name).flatMap((other) => {
      const pairs = [
        [reader.name, other.primary],
        [other.primary, reader.name],
      ] as const;
      return pairs.flatMap(([one, trusted]) => {
        if (trusts(one, trusted) || told.has(`${one} ${trusted}`)) return [];
        told.add(`${one} ${trusted}`);
        const through = knows(reader, other.name) ? "" : " through another's gateway";
        return {
          path,
          value: other.name,
          message: `Workloads of ${other.name} answer those of ${member.name}${through}, and ${one} does not trust the root of ${trusted}: mutual TLS between them would fail.`,
          remedy: `Add ${trusted} to ${find(one)!.path}.trust.trusts, or let ${reader.name} not read what leads to ${other.name}.`,
        };
      });
    });
  });
}
