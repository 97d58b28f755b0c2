/** The mesh that a stack config describes: every default applied, every rule kept. */
import { z } from "zod";
import { ConfigError } from "./problems";
import { stackSchema, type ClusterConfig, type MeshConfig } from "./schema";

export { ConfigError, type Problem } from "./problems";

/** A cluster of the mesh, with the mesh's defaults applied to it. */
export interface Member extends Omit<ClusterConfig, "network" | "primary" | "istio" | "remoteAccess"> {
  /** Where it stands in stack config (`weft:clusters[2]`): for messages only, never for names. */
  path: string;
  /** Network of its pods; its own name where none is given. */
  network: string;
  /** The primary that serves it: its own name on a primary. */
  primary: string;
  /** Version, and Helm values for istiod: the mesh's with the member's own over them. */
  istio: { version: string; values: Record<string, unknown> };
  /** Generation of the token by which its peers read it. */
  remoteAccess: { generation: number };
}

export interface Mesh {
  config: MeshConfig;
  /** Sorted by name: the order of the list in stack config means nothing. */
  members: Member[];
}

/**
 * Parses `weft:mesh` and `weft:clusters`.
 * @throws ConfigError with every problem found.
 */
export function parseMesh(input: { mesh?: unknown; clusters?: unknown }): Mesh {
  const parsed = stackSchema.safeParse(input);
  if (!parsed.success) {
    throw new ConfigError(
      parsed.error.issues.map((issue) => ({
        path: `weft:${z.core.toDotPath(issue.path)}`,
        message: issue.message,
      })),
    );
  }
  const { mesh, clusters } = parsed.data;
  const members = clusters
    .map((cluster, index) => member(mesh, cluster, `weft:clusters[${index}]`))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { config: mesh, members };
}

function member(mesh: MeshConfig, cluster: ClusterConfig, path: string): Member {
  return {
    ...cluster,
    path,
    network: cluster.network ?? cluster.name,
    primary: cluster.primary ?? cluster.name,
    istio: {
      version: cluster.istio.version ?? mesh.istio.version,
      values: { ...mesh.istio.values, ...cluster.istio.values },
    },
    remoteAccess: { generation: cluster.remoteAccess.generation ?? mesh.remoteAccess.generation },
  };
}
