/** Stack config as far as it parses: what the rules see, and the mesh where they find nothing. */
import type { z } from "zod";
import { withDefaults, type ClusterEntry } from "./defaults";
import type { MeshSpec } from "./mesh-spec";
import { flatten, meantBy } from "./schema-problems";
import { clusterSchema, meshSchema, type ClusterConfig, type MeshConfig } from "./schema";

export type MeshKey = keyof MeshConfig;
export type ClusterKey = keyof ClusterConfig;

export interface Draft {
  /** The entries whose name parses, every default applied; keys that do not parse have theirs. */
  mesh: MeshSpec;
  /** Keys of `weft:mesh` that do not parse. */
  unparsed: ReadonlySet<MeshKey>;
  /** The entries whose name parses and is not evicted, as they were written; keys that do not parse have their defaults. */
  clusters: (ClusterEntry & { unparsed: ReadonlySet<ClusterKey> })[];
  /** Names of all entries, also of those that do not parse, and of all that are evicted. */
  names: { path: string; name: string }[];
  /** All entries are there, and who is evicted is known: so whoever is not among them is missing. */
  complete: boolean;
  /** When certificates have to be valid. */
  now: Date;
}

export function draftOf(written: { mesh?: unknown; clusters?: unknown }, now: Date): Draft {
  const { config, unparsed } = configOf(written.mesh ?? {});
  const entries = (Array.isArray(written.clusters) ? written.clusters : []).map((entry: unknown, index) => ({
    path: `weft:clusters[${index}]`,
    name: (entry as { name?: unknown } | null)?.name,
    cluster: clusterOf(entry),
  }));
  const named = entries.flatMap(({ path, cluster }) => (cluster === undefined ? [] : [{ path, ...cluster }]));
  const listed = entries.flatMap(({ path, name }) => (typeof name === "string" ? [{ path, name }] : []));
  const gone = config.evicting.filter((name) => !listed.some((entry) => entry.name === name));
  return {
    mesh: withDefaults(config, named, now),
    unparsed,
    clusters: named.filter(({ cluster }) => !config.evicting.includes(cluster.name)),
    names: [...listed, ...gone.map((name) => ({ path: "weft:mesh.evicting", name }))],
    complete: named.length === entries.length && entries.length > 0 && !unparsed.has("evicting"),
    now,
  };
}

/** The draft for whom looks at these keys of the entries: without those of which one does not parse. */
export function seenBy(draft: Draft, keys: readonly ClusterKey[]): Draft {
  const hidden = draft.clusters.filter(({ unparsed }) => keys.some((key) => unparsed.has(key)));
  if (hidden.length === 0) return draft;
  const isSeen = ({ path }: { path: string }) => !hidden.some((entry) => entry.path === path);
  return {
    ...draft,
    mesh: { ...draft.mesh, members: draft.mesh.members.filter(isSeen) },
    clusters: draft.clusters.filter(isSeen),
    complete: false,
  };
}

function configOf(written: unknown): { config: MeshConfig; unparsed: ReadonlySet<MeshKey> } {
  const { unparsed, rest } = split(meshSchema, written);
  return { config: meshSchema.parse(rest), unparsed };
}

/** Undefined where it is not known which member it is. */
function clusterOf(
  written: unknown,
): { cluster: ClusterConfig; unparsed: ReadonlySet<ClusterKey> } | undefined {
  const { unparsed, rest } = split(clusterSchema, written);
  return unparsed.has("name") ? undefined : { cluster: clusterSchema.parse(rest), unparsed };
}

/** A map, by its keys that parse and those that do not: all, where it is none. A key that is not known stands for the one that it is near. */
function split<Shape extends z.ZodRawShape>(schema: z.ZodObject<Shape>, written: unknown) {
  const keys = Object.keys(schema.shape);
  const wrong = flatten(schema.safeParse(written).error?.issues ?? []).flatMap((issue) => {
    if (issue.path.length > 0) return [issue.path[0]];
    return issue.code === "unrecognized_keys" ? issue.keys.map((key) => meantBy(key, keys)) : keys;
  });
  const unparsed = new Set(keys.filter((key) => wrong.includes(key)));
  const kept = keys.filter((key) => !unparsed.has(key) && Object.hasOwn(written as object, key));
  const rest = Object.fromEntries(kept.map((key) => [key, (written as Record<string, unknown>)[key]]));
  return { unparsed: unparsed as ReadonlySet<keyof Shape>, rest };
}
