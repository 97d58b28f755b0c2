/**
 * What stands where an object is to be created. Lets an `up` finish what one before it began: one whose engine was killed between
 * a change and its entry in the state. What is not this stack's is refused, in the preview already.
 */
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Kubeconfigs, ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { refusal } from "./asking";
import { ClusterContents, isOurs, type ObjectInputs } from "./cluster-contents";
import { failedWaiting, lastFailure, obstacles, otherInstaller } from "./releases";
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
 * A transformation, so that no component can forget it; it runs in this process. What a component of others creates, such as Pulumi's
 * of cert-manager, is created in another: such a component gets a transform, which the engine asks about each of its children.
 * https://www.pulumi.com/docs/iac/concepts/options/transforms/
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
  const reach: pulumi.ResourceTransform = async ({ type, props, opts }) => {
    const ref = (opts as pulumi.CustomResourceOptions).provider;
    const urn = ref && (await urnOf(ref));
    for (const [provider, own] of hooks) {
      if (urn === undefined || (await urnOf(provider!)) !== urn) continue;
      const binding = bindingFor(type, own);
      return binding && { props, opts: { ...opts, hooks: binding } };
    }
    return undefined;
  };
  return ({ resource, type, props, opts }) => {
    if (resource instanceof pulumi.ComponentResource && !type.startsWith("weft:")) {
      return { props, opts: { ...opts, transforms: [...(opts.transforms ?? []), reach] } };
    }
    const isRead = (opts as pulumi.CustomResourceOptions).id !== undefined;
    const own = hooks.get(opts.provider ?? opts.parent?.getProvider(type));
    const binding = isRead || own === undefined ? undefined : bindingFor(type, own);
    return binding && { props, opts: { ...opts, hooks: binding } };
  };
}

interface Hooks {
  release: pulumi.ResourceHookBinding;
  object: pulumi.ResourceHookBinding;
}

function bindingFor(type: string, { release, object }: Hooks): pulumi.ResourceHookBinding | undefined {
  // A patch is of what somebody else has created.
  if (!type.startsWith("kubernetes:") || type.endsWith("Patch")) return undefined;
  return type === "kubernetes:helm.sh/v3:Release" ? release : object;
}

function urnOf({ urn }: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => urn.apply(resolve));
}

/** The hooks of one member, for whatever the engine is about to create. */
function hooksOf(name: string, kubeconfig: ResolvedKubeconfig): Hooks {
  const contents = new ClusterContents(kubeconfig);
  // Asked here, because a hook runs outside the program's context.
  const isPreview = pulumi.runtime.isDryRun();

  const release = new pulumi.ResourceHook(
    `${name}-release`,
    async ({ newInputs, oldInputs }) => {
      const isKnown = oldInputs !== undefined;
      if (isPreview && isKnown) return;
      const inputs = newInputs as ReleaseInputs;
      const history = await contents.history(inputs);
      if (!isKnown) refuseOthersRelease(inputs, otherInstaller(history), kubeconfig);
      if (isPreview) return;
      const inTheWay = obstacles(history, isKnown);
      const failure = isKnown ? lastFailure(history) : undefined;
      if (failure !== undefined && failedWaiting(await contents.descriptionOf(failure.failed))) {
        inTheWay.push(...failure.deployed);
      }
      if (inTheWay.length > 0) await removeRevisions(inTheWay, kubeconfig);
    },
    { onDryRun: true },
  );
  const object = new pulumi.ResourceHook(
    `${name}-object`,
    async ({ newInputs }) => {
      const inputs = {
        ...newInputs,
        metadata: await plain((newInputs as ObjectInputs).metadata),
      } as ObjectInputs;
      const live = await contents.find(inputs);
      if (live === undefined) return;
      if (!isOurs(live, inputs)) throw foreign(inputs, kubeconfig);
      if (isPreview) return;
      if (inputs.kind === "Namespace" && live.deletionTimestamp === undefined) {
        await refuseUnlessEmpty(inputs.metadata.name, contents, kubeconfig);
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

/** Where a leaf is a secret, the SDK hands over the whole property as a secret output. */
function plain<T>(value: pulumi.Input<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => pulumi.output(value).apply(resolve));
}

interface ReleaseInputs {
  name: string;
  namespace: string;
}

function refuseOthersRelease(
  { name, namespace }: ReleaseInputs,
  installer: string | undefined,
  kubeconfig: ResolvedKubeconfig,
): void {
  if (installer === undefined) return;
  throw refusal(
    kubeconfig,
    `Context ${kubeconfig.context} has a Helm release ${name} in namespace ${namespace} that is not Weft's (installed by ${installer}), where one is to be installed.`,
    `Uninstall it: \`helm uninstall ${name} -n ${namespace}\`. Or, to let Weft take over what it installed, delete Helm's record of it: ` +
      `\`kubectl -n ${namespace} delete secret -l owner=helm,name=${name}\`. Then \`pulumi up\` again.`,
  );
}

/** Only of an object that the state does not know: one that it knows is this stack's even without its label. */
function foreign({ kind, metadata }: ObjectInputs, kubeconfig: ResolvedKubeconfig): Error {
  const where = metadata.namespace === undefined ? "" : ` in namespace ${metadata.namespace}`;
  return refusal(
    kubeconfig,
    `Context ${kubeconfig.context} has a ${kind} ${metadata.name}${where} that is not this stack's, where one is to be created.`,
    "Delete it or give it another name, then `pulumi up` again. A whole mesh that was installed by hand is taken over: docs/runbooks/adopt.md.",
  );
}

/**
 * Of a namespace with Weft's label that the state does not know: an empty one is what a killed update left. One that is in use is another
 * stack's, or this stack has lost its state.
 */
async function refuseUnlessEmpty(
  namespace: string,
  contents: ClusterContents,
  kubeconfig: ResolvedKubeconfig,
): Promise<void> {
  const use = await contents.useOf(namespace);
  if (use.length === 0) return;
  throw refusal(
    kubeconfig,
    `Context ${kubeconfig.context} has a namespace ${namespace} of Weft's that this stack does not know, with ${use.join(", ")} in it.`,
    "Is it another stack's? Destroy that first. Has this stack lost its state? Restore it (`pulumi stack import`).",
  );
}
