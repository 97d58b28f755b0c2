import { ApiServer, ApiServerError } from "../../clusters/api-server";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { LabError } from "../error";
import type { KubernetesObject } from "./facts";

export interface ListedObjects {
  metadata: { resourceVersion: string };
  items: KubernetesObject[];
}

const timeoutMs = 30_000;

/**
 * What a path of an API server lists.
 * @returns undefined where the API server does not know the kind
 * @throws LabError when it does not answer within 30 s
 */
export async function list(kubeconfig: ResolvedKubeconfig, path: string): Promise<ListedObjects | undefined> {
  const api = await ApiServer.of(kubeconfig, timeoutMs);
  try {
    return await api.get<ListedObjects>(path);
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    throw new LabError(`${kubeconfig.context}: ${path} cannot be listed: ${error.message}.`);
  } finally {
    api.close();
  }
}
