/** Takes leftovers away. */
import { setTimeout } from "node:timers/promises";
import { defaultTimeoutMs, type ObjectMetadata } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { asking, refusal } from "./asking";
import { listOf, type LiveObject, type ObjectInputs } from "./cluster-contents";
import type { Revision } from "./releases";

/** Longest wait for an object to be gone, in milliseconds: the contents of a namespace go first. */
const timeoutMs = 120_000;
const pollMs = 250;

/** The provider of a killed engine may still be at work for a moment, and take one away itself. */
export async function removeRevisions(revisions: Revision[], kubeconfig: ResolvedKubeconfig): Promise<void> {
  const what = "delete a record of Helm's that an interrupted update left behind";
  await asking(kubeconfig, { what }, async (api) => {
    for (const { secret, namespace } of revisions) {
      await api.delete(`/api/v1/namespaces/${namespace}/secrets/${secret}`);
    }
  });
}

/**
 * Deletes an object, unless that is under way, and waits until it is gone.
 * @param live the object meant: one of the same name that took its place is left alone.
 * @throws Error when it is still there after two minutes.
 */
export async function removeObject(
  inputs: ObjectInputs,
  live: LiveObject,
  kubeconfig: ResolvedKubeconfig,
): Promise<void> {
  const { kind, metadata } = inputs;
  const path = `${listOf(inputs)}/${metadata.name}`;
  await asking(
    kubeconfig,
    {
      what: `delete ${kind} ${metadata.name}, which an interrupted update left behind`,
      timeoutMs: timeoutMs + defaultTimeoutMs,
    },
    async (api) => {
      if (live.deletionTimestamp === undefined) await api.delete(path, live.uid);
      const deadline = performance.now() + timeoutMs;
      while ((await api.get<ObjectMetadata>(path))?.metadata.uid === live.uid) {
        if (performance.now() > deadline) {
          throw refusal(
            kubeconfig,
            `${kind} ${metadata.name}, which an interrupted update left behind, is still being deleted after ${timeoutMs / 1000} s.`,
            "Find out what holds it (its finalizers), then `pulumi up` again.",
          );
        }
        await setTimeout(pollMs);
      }
    },
  );
}
