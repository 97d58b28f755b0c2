/** The mesh and its members: what a stack config comes to, with every default applied. */
import type { Revision } from "./revisions";
import type { ClusterConfig, MeshConfig, NamespaceMetadata } from "./schema";

/** A cluster of the mesh, with the mesh's defaults applied to it. */
export interface Member extends Omit<
  ClusterConfig,
  "kubeconfig" | "apiServer" | "network" | "primary" | "istio" | "trust" | "remoteAccess"
> {
  /** Where it stands in stack config (`weft:clusters[2]`): for messages only, never for names. */
  path: string;
  /** Secret. Text of its kubeconfig, where stack config has it. */
  kubeconfig?: string;
  /** How its peers reach its API server, where stack config says so. */
  apiServer?: Exclude<ClusterConfig["apiServer"], string>;
  /** Network of its pods; its own name where none is given. */
  network: string;
  /** The primary that serves it: its own name on a primary. */
  primary: string;
  /** Names of those that its istiod reads; undefined: every other member. */
  reads?: string[];
  /** Versions, platform, extra Helm values for istiod and the base chart, the CNI plugin, and what is said of istio-system: the mesh's with the member's own over it. */
  istio: NamespaceMetadata & {
    /** Of the istiod that injects by default, and of the gateways. */
    version: string;
    /** Its istiods, sorted by revision; of a remote, those of its primary. */
    revisions: Revision[];
    /** The tags that Weft makes, with the revision that each leads to. */
    tags: Record<string, string>;
    platform?: MeshConfig["istio"]["platform"];
    values: Record<string, unknown>;
    base: { values: Record<string, unknown> };
    /** Istio's CNI plugin, where it is installed. */
    cni?: Required<NonNullable<MeshConfig["istio"]["cni"]>>;
    adoptNamespace: boolean;
  };
  trust: Omit<ClusterConfig["trust"], "intermediateGeneration"> & {
    /** Generation of its intermediate, by the mesh's and `trust.revoked` where it says none. */
    intermediateGeneration: number;
  };
  /** The token by which its peers read it. */
  remoteAccess: {
    generation: number;
    /** How much of the generation is for members that are revoked. */
    forRevoked: number;
    /** How long it lives; undefined: it does not end. */
    tokenLifetimeHours?: number;
  };
}

/** A member whose cluster is gone. */
export interface EvictedMember {
  name: string;
  /** Its entry, where it is still in the list. */
  entry?: Member;
}

export interface MeshSpec {
  config: MeshConfig;
  /** Sorted by name: the order of the list in stack config means nothing. Without those that are evicted. */
  members: Member[];
  /** Members in `weft:mesh.evicting`. Sorted by name. */
  evicted: EvictedMember[];
}
