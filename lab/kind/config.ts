/** The stack config of a mesh on kind clusters. Pure. */
import type { StackInput } from "../../mesh/schema";
import type { Parts } from "../engine/parts";

export interface KindCluster {
  /** Name of the member. */
  name: string;
  context: string;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  /** URL of the API server for the peers. */
  apiServer: string;
}

export const topologies = ["multi-primary", "primary-remote"] as const;
export type Topology = (typeof topologies)[number];

/** Where the ingress gateway of the first member is reached. */
export const ingressPorts = [
  { name: "http", host: 80, node: 30080 },
  { name: "https", host: 443, node: 30443 },
] as const;

/** Names of the members: they end in a number, by which MetalLB's addresses are cut. */
export function memberNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `cluster${index + 1}`);
}

/**
 * @param topology `primary-remote`: the first member serves all others.
 * @param leaving members that this `up` removes.
 */
export function kindConfig(
  clusters: KindCluster[],
  { topology, istio, leaving }: { topology: Topology; istio: Parts["istio"]; leaving: string[] },
): { "weft:mesh": StackInput["mesh"]; "weft:clusters": StackInput["clusters"] } {
  const first = clusters[0]!.name;
  const [http, https] = ingressPorts;
  return {
    "weft:mesh": {
      istio,
      loadBalancer: { network: "kind" },
      sample: {},
      removing: leaving,
    },
    "weft:clusters": clusters.map(({ name, context, kubeconfig, apiServer }) => ({
      name,
      context,
      kubeconfigPath: kubeconfig,
      apiServer,
      network: name.replace("cluster", "network"),
      ...(topology === "primary-remote" && name !== first ? { role: "remote" as const, primary: first } : {}),
      ...(name === first && {
        ingress: {
          service: { type: "NodePort" as const, nodePorts: { http: http.node, https: https.node } },
          routes: [
            { host: "helloworld.localhost", path: "/hello", service: "helloworld.sample", port: 5000 },
          ],
        },
      }),
    })),
  };
}
