/** What every object that Weft itself creates has in common. */
import * as pulumi from "@pulumi/pulumi";
import type { NamespaceMetadata } from "../mesh/schema";

/** Namespace of Istio, the same in every member. */
export const istioNamespace = "istio-system";

/** Labels of the objects that Weft creates itself, not through a chart. */
export const managedByWeft = { "app.kubernetes.io/managed-by": "weft" };

/**
 * Labels of a namespace in which the istiod of a revision injects pods; default: the one without a revision.
 * istio-injection wins over istio.io/rev, so only one of them: https://istio.io/latest/docs/setup/upgrade/canary/#data-plane
 */
export const injection = (revision: string | undefined): Record<string, string> =>
  revision === undefined ? { "istio-injection": "enabled" } : { "istio.io/rev": revision };

/** Metadata of a namespace: what stack config adds, and over it what Weft says. */
export function namespaceMetadata(
  name: string,
  added: NamespaceMetadata,
  own: { labels: Record<string, string>; annotations?: Record<string, string> },
) {
  const annotations = { ...added.namespaceAnnotations, ...own.annotations };
  return {
    name,
    labels: { ...added.namespaceLabels, ...own.labels },
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}

/** Says whose an object is in a namespace where several stacks may have theirs. */
export const stackAnnotation = () => ({
  "weft.dev/stack": `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`,
});

/**
 * What a Secret holds, by key, each a secret and in a preview unknown on its own. The class marks all of them as one
 * (`pulumi.secret(args.stringData)`), which is unknown as a whole as soon as one key is.
 * @param stringData secret outputs.
 */
export function secretData(stringData: Record<string, pulumi.Output<string>>): pulumi.ResourceTransformation {
  return ({ props, opts }) => ({ props: { ...(props as object), stringData }, opts });
}

/**
 * `ignoreChanges` of a Secret that `pulumi import` may have brought into the state (`npm run adopt`): its `type` is among its inputs then,
 * and to leave that out would replace it, deleting it first (forceNew in provider/pkg/provider/diff.go of pulumi-kubernetes).
 */
export const typeOfImported = ["type"];

/** Longest wait for a release, in seconds: cloud load balancers take minutes to give an address. */
export const releaseTimeoutSeconds = 600;
