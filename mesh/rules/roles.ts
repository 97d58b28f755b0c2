/** Who serves whom. */
import type { Problem } from "../problems";
import type { Draft } from "../draft";
import { didYouMean } from "../schema-problems";
import type { ClusterConfig } from "../schema";

export function roleProblems(draft: Draft): Problem[] {
  const { clusters, complete, mesh } = draft;
  const problems = clusters.flatMap(({ path, cluster }) =>
    cluster.role === "remote" ? primaryOfRemote(path, cluster, draft) : primaryOfPrimary(path, cluster),
  );
  if (complete && mesh.members.length > 0 && clusters.every(({ cluster }) => cluster.role === "remote")) {
    problems.push({
      path: "weft:clusters",
      message: "No member is a primary, so nothing runs istiod.",
      remedy: "Leave `role` out of at least one of them.",
    });
  }
  return problems;
}

function primaryOfPrimary(path: string, { primary }: ClusterConfig): Problem[] {
  if (primary === undefined) return [];
  return [
    {
      path: `${path}.primary`,
      value: primary,
      message: "Only a remote names a primary, and this member is a primary itself.",
      remedy: "Remove the key, or set `role: remote`.",
    },
  ];
}

function primaryOfRemote(
  path: string,
  { name, primary }: ClusterConfig,
  { clusters, names }: Draft,
): Problem[] {
  const primaries = clusters
    .filter(({ cluster }) => cluster.role === "primary")
    .map(({ cluster }) => cluster.name);
  const choose = primaries.length > 0 ? `Primaries: ${primaries.toSorted().join(", ")}.` : undefined;
  if (primary === undefined) {
    return [
      {
        path: `${path}.primary`,
        message: "Required: the name of the primary that serves this remote.",
        remedy: choose,
      },
    ];
  }
  if (!names.some((member) => member.name === primary)) {
    const remedy = [didYouMean(primary, primaries).remedy ?? [], choose ?? []].flat().join(" ") || undefined;
    const message = `No member has this name, and ${name} is to be served by it.`;
    return [{ path: `${path}.primary`, value: primary, message, remedy }];
  }
  if (clusters.some(({ cluster }) => cluster.name === primary && cluster.role === "remote")) {
    return [
      {
        path: `${path}.primary`,
        value: primary,
        message: "This member is a remote itself and runs no istiod.",
        remedy: choose,
      },
    ];
  }
  return [];
}
