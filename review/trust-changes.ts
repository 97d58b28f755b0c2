/** What changes in who trusts whom, in sentences: Markdown. Pure. */
import { code, list } from "./markdown";
import type { Parts } from "./previewed-mesh";
import { isCacerts, isToken, types } from "./objects";
import type { Owners } from "./owners";
import type { Resource } from "./preview";

interface Sides {
  before: ReadonlyMap<string, Parts>;
  after: ReadonlyMap<string, Parts>;
}

export function trustChanges(resources: Resource[], sides: Sides, owners: Owners): string[] {
  const changed = resources.filter(({ op, custom }) => op !== "same" && custom);
  return [
    ...rootsOf(changed, sides, owners),
    ...bundles(sides),
    ...signing(sides),
    ...intermediates(changed, sides, owners),
    ...leaving(sides),
    ...tokens(changed, sides, owners),
    ...mtls(sides),
  ];
}

/** A root that comes or goes for all is told by the bundles; here, what happens to one that stays. */
function rootsOf(changed: Resource[], { before, after }: Sides, owners: Owners): string[] {
  const trusted = ({ roots }: Parts) => roots;
  const stays = new Set([...before.values()].flatMap(trusted));
  const still = new Set([...after.values()].flatMap(trusted));
  const touched = new Map<string, string>();
  for (const resource of changed) {
    const root = owners.root(resource);
    if (root === undefined || !stays.has(root) || !still.has(root)) continue;
    if (isKey(resource)) {
      touched.set(root, `Root ${code(root)} gets a new key: what it signed before is no longer trusted.`);
    } else if (!touched.has(root)) touched.set(root, `Root ${code(root)} is reissued.`);
  }
  return [...touched.values()];
}

/** Of members that stay: what their Secret `cacerts` lets them trust. */
function bundles(sides: Sides): string[] {
  const staying = stayingIn(sides);
  const difference = (from: keyof Sides, to: keyof Sides) =>
    grouped(staying, (name) =>
      sides[to].get(name)!.roots.filter((root) => !sides[from].get(name)!.roots.includes(root)),
    );
  return [
    ...difference("before", "after").map(
      ({ what: root, members }) => `${does(members, staying, "begin", "to trust")} root ${code(root)}.`,
    ),
    ...difference("after", "before").map(
      ({ what: root, members }) => `${does(members, staying, "stop", "trusting")} root ${code(root)}.`,
    ),
  ];
}

function signing(sides: Sides): string[] {
  const staying = stayingIn(sides);
  const moves = grouped(staying, (name) => {
    const [from, to] = [sides.before.get(name)!.signingRoot, sides.after.get(name)!.signingRoot];
    return from === undefined || to === undefined || from === to ? [] : [`${code(from)} to ${code(to)}`];
  });
  return moves.map(
    ({ what, members }) => `Signing moves from root ${what} for ${everyone(members, staying)}.`,
  );
}

function intermediates(changed: Resource[], sides: Sides, owners: Owners): string[] {
  const staying = stayingIn(sides);
  const issued = new Set(changed.filter(isCertificate).map(owners.intermediate));
  const rekeyed = new Set(changed.filter(isKey).map(owners.intermediate));
  const rewritten = new Set(changed.filter(isCacerts).map(owners.member));
  const joining = [...sides.after.keys()]
    .filter((name) => !staying.includes(name) && issued.has(name))
    .sort();
  const all = staying.filter((name) => issued.has(name));
  const others = staying.filter((name) => !issued.has(name) && rewritten.has(name));
  const newKeys = all.filter((name) => rekeyed.has(name));
  return [
    ...grouped(joining, (name) => sides.after.get(name)!.signingRoot ?? []).map(
      ({ what: root, members }) => `Root ${code(root)} signs intermediates for ${list(members)}.`,
    ),
    ...told("New intermediates for", all, staying),
    ...told("New keys of the intermediates of", newKeys, staying),
    // Also what a change of the bundle brings about, which is told above.
    ...told(
      "Secret cacerts changes in",
      others.filter((name) => sameTrust(sides, name)),
      staying,
    ),
  ];
}

/** What stack config revokes stands in no preview: see docs/trust.md. In federated trust the bundles tell it. */
function leaving({ before, after }: Sides): string[] {
  const names = [...before.keys()].filter((name) => !after.has(name)).sort();
  return names.flatMap((name) => {
    const { signingRoot } = before.get(name)!;
    const stays = [...after.values()].some(
      ({ roots }) => signingRoot !== undefined && roots.includes(signingRoot),
    );
    return stays
      ? `The intermediate of ${code(name)} is deleted, and stays trusted under root ${code(signingRoot!)} until it expires, unless \`trust.revoked\` names it.`
      : [];
  });
}

function told(what: string, members: string[], all: string[]): string[] {
  return members.length === 0 ? [] : [`${what} ${everyone(members, all)}.`];
}

function sameTrust({ before, after }: Sides, name: string): boolean {
  const [from, to] = [before.get(name)!, after.get(name)!];
  return from.roots.join() === to.roots.join() && from.signingRoot === to.signingRoot;
}

/** The tokens by which a member is read. */
function tokens(changed: Resource[], sides: Sides, owners: Owners): string[] {
  const staying = stayingIn(sides);
  const issued = new Set(
    changed.filter((resource) => isToken(resource) && resource.op !== "delete").map(owners.member),
  );
  const renewed = staying.filter((name) => issued.has(name));
  return renewed.length === 0
    ? []
    : [`New tokens for reading ${everyone(renewed, staying)}; the old ones are revoked at the end.`];
}

function mtls(sides: Sides): string[] {
  const staying = stayingIn(sides);
  const changes = grouped(staying, (name) => {
    const [from, to] = [sides.before.get(name)!.mtls, sides.after.get(name)!.mtls];
    return from === undefined || to === undefined || from === to
      ? []
      : [`${from.toLowerCase()} to ${to.toLowerCase()}`];
  });
  return changes.map(({ what, members }) => `Mutual TLS goes from ${what} in ${everyone(members, staying)}.`);
}

function isCertificate({ type }: Resource): boolean {
  return type === types.signed || type === types.issued;
}

function isKey({ type }: Resource): boolean {
  return type === types.privateKey;
}

function stayingIn({ before, after }: Sides): string[] {
  return [...after.keys()].filter((name) => before.has(name)).sort();
}

/** Who has the same to tell is told of together. */
function grouped(
  names: string[],
  tell: (name: string) => string | string[],
): { what: string; members: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const name of names)
    for (const what of [tell(name)].flat()) groups.set(what, [...(groups.get(what) ?? []), name]);
  return [...groups].map(([what, members]) => ({ what, members }));
}

function everyone(members: string[], all: string[]): string {
  return members.length === all.length && all.length > 1 ? "every member" : list(members);
}

/** "Every member begins to trust". */
function does(members: string[], all: string[], verb: string, what: string): string {
  const who = everyone(members, all);
  const isOne = members.length === 1 || who === "every member";
  return `${who.charAt(0).toUpperCase()}${who.slice(1)} ${verb}${isOne ? "s" : ""} ${what}`;
}
