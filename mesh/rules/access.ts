/** How the clusters are reached, by Weft and by their peers. */
import { apiServerProblems } from "../peer-address";
import type { Problem } from "../problems";
import type { Draft } from "../draft";
import { didYouMean } from "../schema-problems";
import type { ClusterConfig } from "../schema";

export function kubeconfigProblems({ clusters }: Draft): Problem[] {
  return clusters.flatMap(({ path, cluster }) => kubeconfig(path, cluster));
}

export function peerAddressProblems({ mesh }: Draft): Problem[] {
  return mesh.members.flatMap((member) => apiServerProblems(mesh, member));
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

export function managementProblems({ mesh, names }: Draft): Problem[] {
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
