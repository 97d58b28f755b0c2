import type { ClusterEntry } from "../defaults";
import type { MeshSpec } from "../mesh-spec";

/** What the rules see. */
export interface Stack {
  /** The entries that parse, with the defaults applied; those of the mesh where `weft:mesh` does not parse. */
  mesh: MeshSpec;
  /** The entries that parse and are not evicted, as they were written. */
  clusters: ClusterEntry[];
  /** Names of all entries, also of those that do not parse, and of all that are evicted. */
  names: { path: string; name: string }[];
  /** Everything parses, so what is not there is missing. */
  complete: boolean;
  now: Date;
}
