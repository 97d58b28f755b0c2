/** Which of the clusters that a management cluster knows are members of the mesh, and under which names. Pure: no I/O. */
import type { Problem } from "../mesh/problems";
import { clusterSchema } from "../mesh/schema";

/** A ClusterDeployment of k0rdent or a Cluster of Cluster API, as far as it matters here. */
export interface ClusterObject {
  kind: "ClusterDeployment" | "Cluster";
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    deletionTimestamp?: string;
  };
  spec?: { template?: string; credential?: string };
  status?: { region?: string; conditions?: { type: string; status: string }[] };
}

/** A cluster that is to be a member. */
export interface Found {
  /** Its object, as messages name it: `ClusterDeployment team-a/cluster1`. */
  origin: string;
  object: ClusterObject;
  /** Name of the member: label `weft.dev/member-name`, or the object's name. */
  name: string;
  /** Label `topology.istio.io/network`; default: as for any member. */
  network?: string;
  /** Label `weft.dev/group`: the group of `weft:mesh.groups` that it is in, beside those that name it. */
  group?: string;
}

export const labels = {
  role: "k0rdent.mirantis.com/istio-role",
  mesh: "k0rdent.mirantis.com/istio-mesh",
  name: "weft.dev/member-name",
  network: "topology.istio.io/network",
  group: "weft.dev/group",
} as const;

/** The mesh of a ClusterDeployment that names none: Weft's default for `mesh.id`. */
const defaultMesh = "mesh1";

export interface Selection {
  found: Found[];
  problems: Problem[];
  warnings: string[];
}

/**
 * The members among ClusterDeployments labelled as members, and Clusters that a selector chose.
 *
 * A ClusterDeployment belongs to the mesh that its label names, and without one to `mesh1`, so that no cluster is ever
 * in two meshes. A cluster that is being deleted leaves the mesh. The CAPI Cluster that k0rdent makes for a
 * ClusterDeployment bears its name in its namespace and is the same cluster.
 *
 * Two clusters of one name in different namespaces are refused: whichever name one of them were given instead, it would
 * be another member by the time the other is gone.
 */
export function selectMembers(objects: ClusterObject[], meshId: string): Selection {
  const warnings: string[] = [];
  const byKey = new Map<string, ClusterObject>();
  for (const object of objects) {
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (!byKey.has(key) || object.kind === "ClusterDeployment") byKey.set(key, object);
  }
  const belongs = (object: ClusterObject) => {
    const { kind, metadata } = object;
    if (metadata.deletionTimestamp !== undefined) {
      warnings.push(`${originOf(object)} is being deleted, and leaves the mesh.`);
      return false;
    }
    if (kind === "Cluster") return true;
    // A label may be there and empty.
    const mesh = metadata.labels?.[labels.mesh] || undefined;
    if (mesh === undefined && meshId !== defaultMesh) {
      warnings.push(
        `${originOf(object)} is left out: without label ${labels.mesh} it belongs to mesh ${defaultMesh}. Label it ${labels.mesh}=${meshId} to take it in.`,
      );
    }
    return (mesh ?? defaultMesh) === meshId;
  };

  const found = [...byKey.values()]
    .filter(belongs)
    .map((object): Found => ({
      origin: originOf(object),
      object,
      name: object.metadata.labels?.[labels.name] ?? object.metadata.name,
      network: object.metadata.labels?.[labels.network],
      // A label may be there and empty.
      group: object.metadata.labels?.[labels.group] || undefined,
    }))
    .sort((a, b) => (a.origin < b.origin ? -1 : 1));
  return { found, problems: [...badNames(found), ...sameNames(found)], warnings };
}

function originOf({ kind, metadata }: ClusterObject): string {
  return `${kind} ${metadata.namespace}/${metadata.name}`;
}

function badNames(found: Found[]): Problem[] {
  return found
    .filter(({ name }) => !clusterSchema.shape.name.safeParse(name).success)
    .map(({ origin, name }) => ({
      path: origin,
      value: name,
      message:
        "Not the name of a member: those are DNS-1123 labels (lower-case letters, digits and '-', at most 63).",
      remedy: `Give it one by label: ${labels.name}=<name>.`,
    }));
}

function sameNames(found: Found[]): Problem[] {
  return found.flatMap(({ origin, name }) => {
    const twin = found.find((other) => other.name === name)!;
    if (twin.origin === origin) return [];
    return {
      path: origin,
      value: name,
      message: `${twin.origin} bears the same name, and a name stands for one member.`,
      remedy: `Give one of them another by label ${labels.name}; the one that is in the mesh already should keep its own.`,
    };
  });
}

/** A label that names no group would leave its member out of all of them unseen. */
export function unknownGroups(found: Found[], groups: Groups | undefined): Problem[] {
  const known = Object.keys(groups ?? {});
  return found
    .filter(({ group }) => group !== undefined && !known.includes(group))
    .map(({ origin, group }) => ({
      path: origin,
      value: group,
      message: `Its label ${labels.group} names no group of \`weft:mesh.groups\`.`,
      remedy: `Correct the label, or add the group: weft:mesh.groups.${group}: []. Groups: ${known.join(", ") || "none"}.`,
    }));
}

type Groups = Record<string, string[]>;

/** The groups, with those in them whose label says so. */
export function withFound(groups: Groups, found: Found[]): Groups {
  return Object.fromEntries(
    Object.entries(groups).map(([group, names]) => {
      const labelled = found.filter((member) => member.group === group).map(({ name }) => name);
      return [group, [...new Set([...names, ...labelled])]];
    }),
  );
}

/** Whether the object says that its cluster is up, so that its kubeconfig must be there. */
export function isReady({ status }: ClusterObject): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value }) => (type === "Ready" || type === "Available") && value === "True",
  );
}

/** An entry of `weft:clusters` as it was written. */
type Written = unknown;

/** A member that was found, with the way into it. */
export interface Reachable extends Found {
  /** Secret. */
  kubeconfig: string;
}

/**
 * The entries of the list, and those that were found. An entry that bears the name of a found cluster says how that
 * member is to be: it is completed by the kubeconfig where it has none, and by the network.
 */
export function mergeMembers(
  listed: Written[],
  found: Reachable[],
): { clusters: Written[]; origins: Map<string, string>; warnings: string[] } {
  const origins = new Map<string, string>();
  const warnings: string[] = [];
  const names = new Set(listed.map(nameOf));
  const completed = listed.map((entry, index) => {
    const match = found.find(({ name }) => name === nameOf(entry));
    if (match === undefined) return entry;
    const own = entry as Record<string, unknown>;
    if (["kubeconfig", "kubeconfigPath", "context"].some((key) => own[key] !== undefined)) {
      warnings.push(`${match.origin} adds nothing: weft:clusters[${index}] says how to reach ${match.name}.`);
      return entry;
    }
    return { ...entryOf(match), ...own };
  });
  const joining = found.filter(({ name }) => !names.has(name));
  for (const { name, origin } of joining) origins.set(name, origin);
  return { clusters: [...completed, ...joining.map(entryOf)], origins, warnings };
}

function entryOf({ name, network, kubeconfig }: Reachable): Record<string, unknown> {
  return { name, kubeconfig, ...(network === undefined ? {} : { network }) };
}

function nameOf(entry: Written): unknown {
  return (entry as { name?: unknown } | null | undefined)?.name;
}
