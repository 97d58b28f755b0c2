/**
 * What a preview means for the mesh, in the words of the mesh. Of the properties that change only the paths get in here,
 * but for versions, networks, roles and the mode of mutual TLS. Texts are Markdown. Pure.
 */
import type { MeshSpec } from "../mesh/mesh-spec";
import { peersOf } from "../mesh/topology";
import { code, list } from "./markdown";
import { membersOf, meshOf, type Parts } from "./previewed-mesh";
import { isCacerts, isPeerSecret, isToken, titleOf, types, versionOf } from "./objects";
import { ownersOf, type Owners } from "./owners";
import type { Preview, Resource } from "./preview";
import { trustChanges } from "./trust-changes";

export interface Changes {
  before?: MeshSpec;
  after?: MeshSpec;
  joining: Joining[];
  /** Names. */
  leaving: string[];
  /** Those of whom the same is to be said are together. */
  changing: Changing[];
  /** Sentences. */
  trust: string[];
}

export interface Joining {
  name: string;
  role: Parts["role"];
  /** The primary that serves it; undefined on a primary. */
  servedBy?: string;
  network: string;
  version?: string;
}

export interface Changing {
  members: string[];
  /** What changes in each of them, one by one. */
  what: string[];
}

export function changesOf({ resources }: Preview): Changes {
  const before = membersOf(resources, "before");
  const after = membersOf(resources, "after");
  const meshes = { before: meshOf(resources, "before"), after: meshOf(resources, "after") };
  const owners = ownersOf(resources);
  const staying = [...after.keys()].filter((name) => before.has(name)).sort();
  return {
    ...meshes,
    joining: [...after]
      .sort(byName)
      .flatMap(([name, { role, primary, network, version }]) =>
        before.has(name)
          ? []
          : { name, role, ...(role === "remote" ? { servedBy: primary } : {}), network, version },
      ),
    leaving: [...before.keys()].filter((name) => !after.has(name)).sort(),
    changing: together(
      staying.map((name) => ({
        members: [name],
        what: [
          ...ofItself(before.get(name)!, after.get(name)!),
          ...ofReading(name, meshes, resources, owners),
          ...ofObjects(name, resources, owners),
        ],
      })),
    ),
    trust: trustChanges(resources, { before, after }, owners),
  };
}

const byName = ([a]: [string, unknown], [b]: [string, unknown]) => (a < b ? -1 : 1);

function together(changing: Changing[]): Changing[] {
  const groups = new Map<string, Changing>();
  for (const { members, what } of changing) {
    const key = JSON.stringify(what);
    groups.set(key, { members: [...(groups.get(key)?.members ?? []), ...members], what });
  }
  return [...groups.values()].filter(({ what }) => what.length > 0);
}

function ofItself(before: Parts, after: Parts): string[] {
  return [
    ...(before.network === after.network ? [] : [`network ${code(before.network)} → ${code(after.network)}`]),
    ...(before.role === after.role ? [] : [`${before.role} → ${after.role}`]),
    ...(before.primary === after.primary || after.role === "primary"
      ? []
      : [`served by ${code(after.primary)}`]),
  ];
}

/** The contents of a PeerSecret are secret, so which keys it has follows from who reads whom. */
function ofReading(
  name: string,
  { before, after }: Pick<Changes, "before" | "after">,
  resources: Resource[],
  owners: Owners,
): string[] {
  const peers = (mesh: MeshSpec | undefined) => (mesh ? peersOf(mesh, name).map((peer) => peer.name) : []);
  const gained = peers(after).filter((peer) => !peers(before).includes(peer));
  const lost = peers(before).filter((peer) => !peers(after).includes(peer));
  const said = [
    ...(gained.length === 0 ? [] : [`reads ${list(gained)} as well`]),
    ...(lost.length === 0 ? [] : [`no longer reads ${list(lost)}`]),
  ];
  const touched = resources.some(
    (resource) => owners.member(resource) === name && isPeerSecret(resource) && resource.op !== "same",
  );
  return said.length === 0 && touched ? ["new keys for its peers"] : said;
}

/** What changes in a member that stays, apart from its trust and from whom it reads. */
function ofObjects(name: string, resources: Resource[], owners: Owners): string[] {
  const own = resources.filter(
    (resource) =>
      resource.custom &&
      resource.op !== "same" &&
      owners.member(resource) === name &&
      !isPeerSecret(resource) &&
      !isToken(resource) &&
      !isCacerts(resource) &&
      resource.type !== types.peerAuthentication,
  );
  // The engine does not come to them in the same order twice.
  own.sort((a, b) => (a.name < b.name ? -1 : 1));
  return own.flatMap((resource) => {
    const what = titleOf(resource);
    switch (resource.op) {
      case "create":
        return `gets ${what}`;
      case "delete":
        return `loses ${what}`;
      case "replace":
        return `${what} is deleted and made again${because(resource)}`;
      case "update":
        return `${what}: ${updateOf(resource)}`;
      case "same":
        return [];
    }
  });
}

function updateOf(resource: Resource): string {
  const { before, after, paths } = resource;
  const [from, to] = [versionOf(before), versionOf(after)];
  const isUpgrade = resource.type === types.release && from !== undefined && to !== undefined && from !== to;
  const isKnown = typeof after?.inputs["values"] !== "string";
  const restarts = paths.includes(bundleOf);
  const others = paths.filter((path) => path !== bundleOf && !(isUpgrade && path === "version"));
  const said = [
    ...(isUpgrade ? [`${code(from)} → ${code(to)}`] : []),
    ...(restarts ? ["restarts with the new bundle of roots"] : []),
    ...(others.length === 0
      ? []
      : [`changes in ${list(others)}${isKnown ? "" : ", known during the update"}`]),
  ];
  return said.join(", ") || "changes";
}

/** Path of the annotation that makes istiod take a new bundle: components/mesh-member/istio-chart-values.ts. */
const bundleOf = `values.pilot.podAnnotations["weft.dev/trust-bundle"]`;

function because({ paths }: Resource): string {
  return paths.length === 0 ? "" : ` (${list(paths)})`;
}
