/** Labels and annotations that a person adds to namespaces. */
import { settingPath, type Problem } from "../problems";
import type { NamespaceMetadata } from "../schema";
import { ingressNamespace } from "../topology";
import { below } from "./reserved";
import type { Draft } from "../draft";

export function namespaceProblems({ mesh, clusters }: Draft): Problem[] {
  const { istio, ingress, sample } = mesh.config;
  const named = [
    { path: "weft:mesh.istio", added: istio },
    { path: "weft:mesh.ingress", added: ingress },
    { path: "weft:mesh.sample", added: sample },
    ...clusters.flatMap(({ path, cluster }) => [
      { path: `${path}.istio`, added: cluster.istio },
      { path: `${path}.ingress`, added: cluster.ingress },
    ]),
  ];
  return [
    ...named.flatMap(({ path, added }) => (added === undefined ? [] : takenKeys(path, added))),
    ...clusters.flatMap(({ path, cluster }) => withoutNamespace(path, cluster.ingress)),
  ];
}

const byRevision = "It follows from `weft:mesh.istio.revision`.";

/** Those that define the mesh, and what says them. */
const taken: Record<string, string> = {
  "topology.istio.io/network": "Set the member's `network`.",
  "topology.istio.io/controlPlaneClusters": "It follows from `role` and `primary` of the members.",
  "istio-injection": byRevision,
  "istio.io/rev": byRevision,
  "app.kubernetes.io/managed-by": "By it Weft knows what is its own.",
};

function takenKeys(path: string, added: NamespaceMetadata): Problem[] {
  return (["namespaceLabels", "namespaceAnnotations"] as const).flatMap((map) =>
    Object.keys(added[map]).flatMap((key) => {
      const remedy = /^(weft\.dev|pulumi\.com)\//.test(key) ? "Choose a prefix of your own." : taken[key];
      if (remedy === undefined) return [];
      return {
        path: below(`${path}.${map}`, settingPath(["", key])),
        message: "Weft sets this key.",
        remedy,
      };
    }),
  );
}

/** The mesh's are for those ingress gateways that have a namespace of their own. */
function withoutNamespace(
  path: string,
  ingress: (NamespaceMetadata & { namespace?: string }) | undefined,
): Problem[] {
  if (ingress === undefined || ingressNamespace(ingress) !== "istio-system") return [];
  return (["namespaceLabels", "namespaceAnnotations"] as const)
    .filter((map) => Object.keys(ingress[map]).length > 0)
    .map((map) => ({
      path: `${path}.ingress.${map}`,
      message: "This gateway stands in istio-system, which is not its own.",
      remedy: `Move them to ${path}.istio.${map}.`,
    }));
}
