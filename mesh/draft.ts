/** Stack config as far as it parses: what the rules see, and the mesh where they find nothing. */
import { withDefaults, type ClusterEntry } from "./defaults";
import type { MeshSpec } from "./mesh-spec";
import { flatten } from "./schema-problems";
import { clusterSchema, meshSchema, type MeshConfig } from "./schema";

export type MeshKey = keyof MeshConfig;

export interface Draft {
  /** The entries that parse, every default applied; keys of `weft:mesh` that do not parse have theirs. */
  mesh: MeshSpec;
  /** Keys of `weft:mesh` that do not parse. */
  unparsed: ReadonlySet<MeshKey>;
  /** The entries that parse and are not evicted, as they were written. */
  clusters: ClusterEntry[];
  /** Names of all entries, also of those that do not parse, and of all that are evicted. */
  names: { path: string; name: string }[];
  /** All entries parse, and who is evicted: so whoever is not among them is missing. */
  complete: boolean;
  /** When certificates have to be valid. */
  now: Date;
}

export function draftOf(written: { mesh?: unknown; clusters?: unknown }, now: Date): Draft {
  const { config, unparsed } = configOf(written.mesh ?? {});
  const entries = (Array.isArray(written.clusters) ? written.clusters : []).map((entry: unknown, index) => ({
    path: `weft:clusters[${index}]`,
    name: (entry as { name?: unknown } | null)?.name,
    cluster: clusterSchema.safeParse(entry).data,
  }));
  const parsed = entries.flatMap(({ path, cluster }) => (cluster === undefined ? [] : [{ path, cluster }]));
  const listed = entries.flatMap(({ path, name }) => (typeof name === "string" ? [{ path, name }] : []));
  const gone = config.evicting.filter((name) => !listed.some((entry) => entry.name === name));
  return {
    mesh: withDefaults(config, parsed, now),
    unparsed,
    clusters: parsed.filter(({ cluster }) => !config.evicting.includes(cluster.name)),
    names: [...listed, ...gone.map((name) => ({ path: "weft:mesh.evicting", name }))],
    complete: parsed.length === entries.length && entries.length > 0 && !unparsed.has("evicting"),
    now,
  };
}

const meshKeys = Object.keys(meshSchema.shape) as MeshKey[];

function configOf(written: unknown): { config: MeshConfig; unparsed: ReadonlySet<MeshKey> } {
  const parsed = meshSchema.safeParse(written);
  if (parsed.success) return { config: parsed.data, unparsed: new Set() };
  // A key that the schema does not know is no key of the mesh's; and nothing is where `weft:mesh` is no map.
  const isMap = typeof written === "object" && written !== null && !Array.isArray(written);
  const wrong = new Set(flatten(parsed.error.issues).map(({ path }) => path[0]));
  const unparsed = new Set(meshKeys.filter((key) => !isMap || wrong.has(key)));
  const kept = meshKeys.filter((key) => !unparsed.has(key) && Object.hasOwn(written as object, key));
  const rest = Object.fromEntries(kept.map((key) => [key, (written as Record<string, unknown>)[key]]));
  return { config: meshSchema.parse(rest), unparsed };
}
