/** Releases that an interrupted update left behind. */
import * as pulumi from "@pulumi/pulumi";
import type { CoreV1Api } from "@kubernetes/client-node";

/** Helm installed the release, but the engine was killed before it wrote that into its state. */
const installedUnseen = "cannot re-use a name that is still in use";
/** Helm itself was killed. https://github.com/helm/helm/blob/v3.20.2/pkg/action/upgrade.go */
const halfWay = "another operation (install/upgrade/rollback) is in progress";

/** What of a release's history stands in the way of the retry. Helm keeps one Secret for each revision. */
export function obstacles(errors: string[], history: { name: string; status: string }[]): string[] {
  if (errors.some((error) => error.includes(installedUnseen))) return history.map(({ name }) => name);
  if (errors.some((error) => error.includes(halfWay))) {
    return history.filter(({ status }) => status.startsWith("pending-")).map(({ name }) => name);
  }
  return [];
}

/**
 * A hook for the releases of one member: when Helm refuses because an update was killed half-way, it removes Helm's record of that
 * attempt and lets the engine try again. Helm then takes over the objects, which carry the release's name. The
 * release is one of Weft's: its namespace is created first, which fails where there is one already.
 *
 * @param name unique in the stack.
 * @param kubeconfig of the member.
 */
export function retryInterrupted(name: string, kubeconfig: string): pulumi.ErrorHook {
  return new pulumi.ErrorHook(name, async ({ errors, newInputs }) => {
    if (obstacles(errors, [{ name: "any", status: "pending-" }]).length === 0) return false;
    const core = await connect(kubeconfig);
    const { name: release, namespace } = newInputs as { name: string; namespace: string };
    const { items } = await core.listNamespacedSecret({
      namespace,
      labelSelector: `owner=helm,name=${release}`,
    });
    const found = obstacles(
      errors,
      items.map(({ metadata }) => ({ name: metadata!.name!, status: metadata!.labels!["status"]! })),
    );
    for (const secret of found) await core.deleteNamespacedSecret({ namespace, name: secret });
    return found.length > 0;
  });
}

/** Loaded when it is needed, which is hardly ever: it takes longer than the rest of the program. */
async function connect(kubeconfig: string): Promise<CoreV1Api> {
  const { CoreV1Api, KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return config.makeApiClient(CoreV1Api);
}
