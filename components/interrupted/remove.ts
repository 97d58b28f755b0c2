/** Takes leftovers away. */
import { setTimeout } from "node:timers/promises";
import type { ObjectMetadata } from "../../clusters/api-server";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { ObjectInputs } from "./leftovers";
import type { Revision } from "./releases";

/** Longest wait for an object to be gone, in milliseconds: the contents of a namespace go first. */
const timeoutMs = 120_000;
const pollMs = 250;

/** The provider of a killed engine may still be at work for a moment, and take one away itself. */
export async function removeRevisions(revisions: Revision[], kubeconfig: ResolvedKubeconfig): Promise<void> {
  const { CoreV1Api, config, unlessGone } = await client(kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  for (const { secret: name, namespace } of revisions) {
    await unlessGone(core.deleteNamespacedSecret({ namespace, name }));
  }
}

/**
 * Deletes an object, unless that is under way, and waits until it is gone.
 * @param live the object meant: one of the same name that took its place is left alone.
 * @throws Error when it is still there after two minutes.
 */
export async function removeObject(
  { apiVersion, kind, metadata: { name, namespace } }: ObjectInputs,
  live: ObjectMetadata["metadata"],
  kubeconfig: ResolvedKubeconfig,
): Promise<void> {
  const { KubernetesObjectApi, config, unlessGone } = await client(kubeconfig);
  const api = KubernetesObjectApi.makeApiClient(config);
  const object = { apiVersion, kind, metadata: { name, namespace } };
  if (live.deletionTimestamp === undefined) {
    const preconditions = { uid: live.uid };
    await unlessGone(
      api.delete(object, undefined, undefined, undefined, undefined, "Background", { preconditions }),
    );
  }
  const deadline = performance.now() + timeoutMs;
  while ((await unlessGone(api.read(object)))?.metadata?.uid === live.uid) {
    if (performance.now() > deadline) {
      throw new Error(
        `${kind} ${name}, which an interrupted update left behind, is still being deleted after ${timeoutMs / 1000} s. ` +
          "Find out what holds it (its finalizers), then `pulumi up` again.",
      );
    }
    await setTimeout(pollMs);
  }
}

/** Hardly ever needed, and slow to load. */
async function client({ kubeconfig }: ResolvedKubeconfig) {
  const { ApiException, CoreV1Api, KubeConfig, KubernetesObjectApi } =
    await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  const unlessGone = async <T>(answer: Promise<T>): Promise<T | undefined> => {
    try {
      return await answer;
    } catch (error) {
      if (error instanceof ApiException && error.code === 404) return undefined;
      throw error;
    }
  };
  return { CoreV1Api, KubernetesObjectApi, config, unlessGone };
}
