/** Releases that an interrupted update left behind. */
import * as pulumi from "@pulumi/pulumi";
import { ApiServer } from "../clusters/api-server";
import type { ResolvedKubeconfig } from "../clusters/kubeconfig";

/** Longest wait for the member's API server, in milliseconds. */
const timeoutMs = 10_000;

/** One revision of a release: Helm keeps a Secret for each. */
export interface Revision {
  name: string;
  /** https://github.com/helm/helm/blob/v3.20.2/pkg/release/status.go */
  status: string;
}

interface Release {
  name: string;
  namespace: string;
}

/**
 * The revisions that Helm would stumble over.
 * @param isKnown whether the engine knows the release. What it is about to create should not be there at all: Helm installed it, or
 * began to, and the engine was killed before it wrote that into its state. Of a release that it knows, only an attempt that was cut off
 * is in the way.
 */
export function obstacles(history: Revision[], isKnown: boolean): string[] {
  return history.filter(({ status }) => !isKnown || status.startsWith("pending-")).map(({ name }) => name);
}

/**
 * A hook for the releases of one member: before the engine creates or updates one, it removes Helm's record of an attempt that was
 * killed. Helm then takes over the objects, which carry the release's name. Else it refuses: "cannot re-use a name that is still in
 * use", "another operation (install/upgrade/rollback) is in progress".
 *
 * The release is one of Weft's: its namespace is created first, which fails where there is one already.
 * @param name unique in the stack.
 */
export function forgetInterrupted(name: string, kubeconfig: ResolvedKubeconfig): pulumi.ResourceHookBinding {
  const hook = new pulumi.ResourceHook(name, async ({ newInputs, oldInputs }) => {
    const release = newInputs as Release;
    const found = obstacles(await historyOf(release, kubeconfig), oldInputs !== undefined);
    if (found.length > 0) await remove(found, release.namespace, kubeconfig);
  });
  return { beforeCreate: [hook], beforeUpdate: [hook] };
}

async function historyOf({ name, namespace }: Release, kubeconfig: ResolvedKubeconfig): Promise<Revision[]> {
  const api = await ApiServer.of(kubeconfig, timeoutMs);
  try {
    const labels = encodeURIComponent(`owner=helm,name=${name}`);
    const secrets = await api.listMetadata(`/api/v1/namespaces/${namespace}/secrets?labelSelector=${labels}`);
    return secrets.map(({ metadata }) => ({
      name: metadata.name,
      status: metadata.labels?.["status"] ?? "",
    }));
  } finally {
    api.close();
  }
}

async function remove(
  secrets: string[],
  namespace: string,
  { kubeconfig }: ResolvedKubeconfig,
): Promise<void> {
  // Hardly ever needed, and slow to load.
  const { CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  for (const name of secrets) await core.deleteNamespacedSecret({ namespace, name });
}
