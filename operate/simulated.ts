/** Clusters whose nodes are simulated, such as the lab's: of what runs in pods there are istiods at most, and no proxies. */
import { ApiServerError, type ApiClient, type ObjectMetadata } from "../clusters/api-client";

/** Whether KWOK plays every node. https://kwok.sigs.k8s.io/docs/user/kwok-manage-nodes-and-pods/ */
export async function isSimulated(api: ApiClient): Promise<boolean> {
  const nodes = await api.listMetadata("/api/v1/nodes").catch((error: unknown) => {
    // Not everyone who may use a cluster may look at its nodes.
    if (error instanceof ApiServerError && error.code === "403") return [];
    throw error;
  });
  const byKwok = ({ metadata }: ObjectMetadata) => metadata.annotations?.["kwok.x-k8s.io/node"] !== undefined;
  return nodes.length > 0 && nodes.every(byKwok);
}
