/**
 * What stands where an object is to be created. Lets an `up` finish what one before it began: one whose engine was killed between
 * a change and its entry in the state. What is not this stack's a preview refuses.
 */
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Kubeconfigs, ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { contentsOf, isForeign, readLeftovers, type Leftovers, type ObjectInputs } from "./leftovers";
import { obstacles } from "./releases";
import { removeObject, removeRevisions } from "./remove";

/**
 * Gives every Kubernetes resource below a component a hook that takes out of its way what a killed update left.
 *
 * Why not the provider's `upsertExistingObjects`: it would take over whatever bears the name, somebody else's too; and keys that
 * are not wanted any more would stay until the next change, because the killed create wrote them as another field manager
 * (pulumi-kubernetes, provider/pkg/await/await.go: Creation, fixCSAFieldManagers). An object that was only just created is as
 * well created again.
 *
 * The engine gives a renamed resource a new identity, so its object would be taken for a leftover: rename with an alias.
 *
 * A transformation, so that no component can forget it; it runs in this process, unlike a transform.
 * https://www.pulumi.com/docs/iac/concepts/options/transformations/
 * @param name unique in the stack.
 * @param providers by the member's name.
 * @param unreachable members that do not answer: nothing can be created there.
 */
export function finishInterrupted(
  name: string,
  providers: Record<string, kubernetes.Provider>,
  kubeconfigs: Kubeconfigs,
  unreachable: readonly string[] = [],
): pulumi.ResourceTransformation {
  const hooks = new Map<pulumi.ProviderResource | undefined, Hooks>();
  for (const [member, provider] of Object.entries(providers)) {
    const hookName = `${name}-${member}-interrupted`;
    const own = unreachable.includes(member)
      ? refuseAll(hookName, member)
      : hooksOf(hookName, kubeconfigs.get(member)!);
    hooks.set(provider, own);
  }
  return ({ type, props, opts }) => {
    const isRead = (opts as pulumi.CustomResourceOptions).id !== undefined;
    // A patch is of what somebody else has created.
    if (!type.startsWith("kubernetes:") || type.endsWith("Patch") || isRead) return undefined;
    const own = hooks.get(opts.provider ?? opts.parent?.getProvider(type));
    if (own === undefined) return undefined;
    return {
      props,
      opts: { ...opts, hooks: type === "kubernetes:helm.sh/v3:Release" ? own.release : own.object },
    };
  };
}

interface Hooks {
  release: pulumi.ResourceHookBinding;
  object: pulumi.ResourceHookBinding;
}

/** The hooks of one member. The cluster is asked when the first of them runs: what is there then, this update did not create. */
function hooksOf(name: string, kubeconfig: ResolvedKubeconfig): Hooks {
  let read: Promise<Leftovers> | undefined;
  const leftovers = () => (read ??= readLeftovers(kubeconfig));
  // Asked here, because a hook runs outside the program's context.
  const isPreview = pulumi.runtime.isDryRun();

  const release = new pulumi.ResourceHook(`${name}-release`, async ({ newInputs, oldInputs }) => {
    const history = (await leftovers()).history(newInputs as { name: string; namespace: string });
    const inTheWay = obstacles(history, oldInputs !== undefined);
    if (inTheWay.length > 0) await removeRevisions(inTheWay, kubeconfig);
  });
  const object = new pulumi.ResourceHook(
    `${name}-object`,
    async ({ newInputs }) => {
      const inputs = newInputs as ObjectInputs;
      if (isPreview) return refuseForeign(inputs, kubeconfig);
      const live = (await leftovers()).find(inputs);
      if (live === undefined) return;
      if (inputs.kind === "Namespace" && live.deletionTimestamp === undefined) {
        await refuseUnlessEmpty(inputs.metadata.name, kubeconfig);
      }
      await removeObject(inputs, live, kubeconfig);
    },
    { onDryRun: true },
  );
  return {
    release: { beforeCreate: [release], beforeUpdate: [release] },
    object: { beforeCreate: [object] },
  };
}

/** The engine alone knows what is not there yet. A preview refuses it, so nothing was changed. */
function refuseAll(name: string, member: string): Hooks {
  const hook = new pulumi.ResourceHook(
    name,
    ({ name: resource }) => {
      throw new Error(
        `${member} does not answer (weft:mesh.tolerateUnreachable), and ${resource} would be created there. ` +
          `Take back what adds it to ${member}, or wait until ${member} answers.`,
      );
    },
    { onDryRun: true },
  );
  return { release: { beforeCreate: [hook] }, object: { beforeCreate: [hook] } };
}

/** Only here, where the engine says that its state does not know the object: one that it knows may well have lost its label. */
async function refuseForeign(inputs: ObjectInputs, kubeconfig: ResolvedKubeconfig): Promise<void> {
  if (!(await isForeign(inputs, kubeconfig))) return;
  const { name, namespace } = inputs.metadata;
  const where = namespace === undefined ? "" : ` in namespace ${namespace}`;
  throw new Error(
    `Context ${kubeconfig.context} has a ${inputs.kind} ${name}${where} that is not this stack's, where one is to be created. ` +
      "Nothing was changed. Delete it or give it another name, then `pulumi up` again.",
  );
}

/**
 * What is in a namespace that the state knows is this stack's, so it may be created anew. But a namespace that the state does
 * not know is another stack's, or this one lost its state, unless the update was cut off before anything was put into it.
 */
async function refuseUnlessEmpty(namespace: string, kubeconfig: ResolvedKubeconfig): Promise<void> {
  const contents = await contentsOf(namespace, kubeconfig);
  if (contents.length === 0) return;
  throw new Error(
    `Context ${kubeconfig.context} has a namespace ${namespace} of Weft's that this stack does not know, with ${contents.join(", ")} in it. ` +
      "Is it another stack's? Destroy that first. Has this stack lost its state? Restore it (`pulumi stack import`).",
  );
}
