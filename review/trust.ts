/** What changes in who trusts whom, in sentences: Markdown. Pure. */
import { code, list } from "./markdown";
import type { Parts } from "./mesh";
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
      ({ what: root, members }) => `Root ${code(root)} becomes trusted by ${everyone(members, staying)}.`,
    ),
    ...difference("after", "before").map(
      ({ what: root, members }) =>
        `Root ${code(root)} is no longer trusted by ${everyone(members, staying)}.`,
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
  const issued = (name: string) =>
    changed.some((one) => isCertificate(one) && owners.intermediate(one) === name);
  const rekeyed = (name: string) => changed.some((one) => isKey(one) && owners.intermediate(one) === name);
  const joining = [...sides.after].filter(([name]) => !staying.includes(name) && issued(name));
  const all = staying.filter(issued);
  const others = staying.filter(
    (name) => !issued(name) && changed.some((one) => isCacerts(one) && owners.member(one) === name),
  );
  const newKeys = all.filter(rekeyed);
  return [
    ...joining.map(
      ([name, { signingRoot }]) => `${code(name)} gets an intermediate of root ${code(signingRoot ?? "?")}.`,
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

/** Nobody revokes anything: see docs/trust.md. In federated trust the bundles tell it. */
function leaving({ before, after }: Sides): string[] {
  const names = [...before.keys()].filter((name) => !after.has(name)).sort();
  return names.flatMap((name) => {
    const { signingRoot } = before.get(name)!;
    const stays = [...after.values()].some(
      ({ roots }) => signingRoot !== undefined && roots.includes(signingRoot),
    );
    return stays
      ? `The intermediate of ${code(name)} is deleted, not revoked: it stays trusted under root ${code(signingRoot!)} until it expires.`
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
  const renewed = staying.filter((name) =>
    changed.some(
      (resource) => isToken(resource) && resource.op !== "delete" && owners.member(resource) === name,
    ),
  );
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
function grouped(names: string[], tell: (name: string) => string[]): { what: string; members: string[] }[] {
  const groups = new Map<string, string[]>();
  for (const name of names)
    for (const what of tell(name)) groups.set(what, [...(groups.get(what) ?? []), name]);
  return [...groups].map(([what, members]) => ({ what, members }));
}

function everyone(members: string[], all: string[]): string {
  return members.length === all.length && all.length > 1 ? "every member" : list(members);
}
