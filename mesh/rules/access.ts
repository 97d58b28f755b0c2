/** How the clusters are reached, by Weft and by their peers. */
import { apiServerProblems } from "../peer-address";
import type { Problem } from "../problems";
import type { Stack } from "./stack";
import { didYouMean } from "../schema-problems";
import type { ClusterConfig } from "../schema";

export function accessProblems(stack: Stack): Problem[] {
  const { mesh, clusters } = stack;
  return [
    ...clusters.flatMap(({ path, cluster }) => kubeconfig(path, cluster)),
    ...mesh.members.flatMap((member) => apiServerProblems(mesh, member)),
    ...management(stack),
  ];
}

function kubeconfig(
  path: string,
  cluster: Pick<ClusterConfig, "name" | "context" | "kubeconfig" | "kubeconfigPath">,
): Problem[] {
  if (cluster.kubeconfig !== undefined && cluster.kubeconfigPath !== undefined) {
    return [
      {
        path: `${path}.kubeconfigPath`,
        value: cluster.kubeconfigPath,
        message: "`kubeconfig` is given as well.",
        remedy: "Keep one of the two.",
      },
    ];
  }
  if (cluster.kubeconfig ?? cluster.kubeconfigPath ?? cluster.context) return [];
  return [
    {
      path,
      value: cluster.name,
      message: "Nothing says how to reach this cluster.",
      remedy: "Give it `context`, `kubeconfigPath` or the secret `kubeconfig`.",
    },
  ];
}

function management({ mesh, names }: Stack): Problem[] {
  const { membership } = mesh.config;
  if (membership === undefined) return [];
  if (typeof membership.management !== "string") {
    return kubeconfig("weft:mesh.membership.management", { name: "management", ...membership.management });
  }
  if (names.some(({ name }) => name === membership.management)) return [];
  return [
    {
      path: "weft:mesh.membership.management",
      value: membership.management,
      message: "No entry of `weft:clusters` has this name.",
      ...didYouMean(
        membership.management,
        names.map(({ name }) => name),
      ),
    },
  ];
}
