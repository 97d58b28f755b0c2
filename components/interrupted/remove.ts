/** Takes leftovers away. */
import { setTimeout } from "node:timers/promises";
import { defaultTimeoutMs, type ObjectMetadata } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { asking, listOf, type ObjectInputs } from "./leftovers";
import type { Revision } from "./releases";

/** Longest wait for an object to be gone, in milliseconds: the contents of a namespace go first. */
const timeoutMs = 120_000;
const pollMs = 250;

/** The provider of a killed engine may still be at work for a moment, and take one away itself. */
export async function removeRevisions(revisions: Revision[], kubeconfig: ResolvedKubeconfig): Promise<void> {
  await asking(
    kubeconfig,
    async (api) => {
      for (const { secret, namespace } of revisions) {
        await api.delete(`/api/v1/namespaces/${namespace}/secrets/${secret}`);
      }
    },
    { what: "delete a record of Helm's that an interrupted update left behind" },
  );
}

/**
 * Deletes an object, unless that is under way, and waits until it is gone.
 * @param live the object meant: one of the same name that took its place is left alone.
 * @throws Error when it is still there after two minutes.
 */
export async function removeObject(
  inputs: ObjectInputs,
  live: ObjectMetadata["metadata"],
  kubeconfig: ResolvedKubeconfig,
): Promise<void> {
  const { kind, metadata } = inputs;
  const path = `${listOf(inputs)}/${metadata.name}`;
  await asking(
    kubeconfig,
    async (api) => {
      if (live.deletionTimestamp === undefined) await api.delete(path, live.uid);
      const deadline = performance.now() + timeoutMs;
      while ((await api.get<ObjectMetadata>(path))?.metadata.uid === live.uid) {
        if (performance.now() > deadline) {
          throw new Error(
            `${kind} ${metadata.name}, which an interrupted update left behind, is still being deleted after ${timeoutMs / 1000} s. ` +
              "Find out what holds it (its finalizers), then `pulumi up` again.",
          );
        }
        await setTimeout(pollMs);
      }
    },
    {
      what: `delete ${kind} ${metadata.name}, which an interrupted update left behind`,
      timeoutMs: timeoutMs + defaultTimeoutMs,
    },
  );
}
