/** A revision tag: the name by which namespaces and pods choose an istiod, whichever it leads to. */
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import { isMap, type HelmValues } from "../../mesh/istio-values";
import { defaultRevision, istiodName } from "../../mesh/revisions";
import { istioNamespace, managedByWeft } from "../kubernetes";

export interface RevisionTagArgs {
  tag: string;
  /** The revision that it leads to. */
  revision: string;
  /** Values of the istiod chart: what they say of the webhooks of an istiod holds for those of a tag. */
  values: HelmValues;
}

/**
 * What templates/revision-tags-mwc.yaml of the istiod chart renders. Not by the chart, whose release belongs to one istiod: a tag that moves
 * would leave one release and come into another, and not be there in between. Here it is one object that is changed in place.
 *
 * `caBundle` is not in it. The istiod of the revision in label `istio.io/rev` writes it (pkg/webhooks/webhookpatch.go), and server-side
 * apply leaves it to whom it belongs. All istiods of a member share `cacerts`, so the one that is written holds for the next istiod too.
 */
export function createRevisionTag(
  name: string,
  { tag, revision, values }: RevisionTagArgs,
  opts: pulumi.CustomResourceOptions,
): kubernetes.admissionregistration.v1.MutatingWebhookConfiguration {
  return new kubernetes.admissionregistration.v1.MutatingWebhookConfiguration(
    name,
    {
      metadata: {
        name: `istio-revision-tag-${tag}`,
        labels: {
          ...managedByWeft,
          app: "sidecar-injector",
          "app.kubernetes.io/name": "istiod",
          "istio.io/tag": tag,
          "istio.io/rev": revision,
        },
      },
      webhooks: tagWebhooks({ tag, revision, values }),
    },
    opts,
  );
}

/** Its webhooks, in the order of the chart. Pure. */
export function tagWebhooks({
  tag,
  revision,
  values,
}: RevisionTagArgs): kubernetes.types.input.admissionregistration.v1.MutatingWebhook[] {
  const { reinvocationPolicy = "Never", enableNamespacesByDefault = false } = settingsIn(values);
  const webhook = (prefix: string, namespaces: Requirement[], pods: Requirement[]) => ({
    name: `${prefix}.sidecar-injector.istio.io`,
    clientConfig: {
      service: { name: istiodName(revision), namespace: istioNamespace, path: "/inject", port: 443 },
    },
    sideEffects: "None",
    rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
    failurePolicy: "Fail",
    reinvocationPolicy,
    admissionReviewVersions: ["v1"],
    namespaceSelector: { matchExpressions: namespaces },
    objectSelector: { matchExpressions: pods },
  });
  const ofTag = [
    webhook("rev.namespace", [rev(tag), no("istio-injection")], [notOff]),
    webhook("rev.object", [no("istio.io/rev"), no("istio-injection")], [notOff, rev(tag)]),
  ];
  if (tag !== defaultRevision) return ofTag;
  const unlabelled = [no("istio-injection"), no("istio.io/rev")];
  return [
    ...ofTag,
    webhook("namespace", [is("istio-injection", "enabled")], [notOff]),
    webhook("object", unlabelled, [is("sidecar.istio.io/inject", "true"), no("istio.io/rev")]),
    ...(enableNamespacesByDefault
      ? [
          webhook(
            "auto",
            [...unlabelled, notOneOf("kubernetes.io/metadata.name", ofTheSystem)],
            [no("sidecar.istio.io/inject"), no("istio.io/rev")],
          ),
        ]
      : []),
  ];
}

const ofTheSystem = ["kube-system", "kube-public", "kube-node-lease", "local-path-storage"];

interface Requirement {
  key: string;
  operator: "In" | "NotIn" | "DoesNotExist";
  values?: string[];
}

const is = (key: string, value: string): Requirement => ({ key, operator: "In", values: [value] });
const notOneOf = (key: string, values: string[]): Requirement => ({ key, operator: "NotIn", values });
const no = (key: string): Requirement => ({ key, operator: "DoesNotExist" });
const rev = (tag: string) => is("istio.io/rev", tag);
const notOff = notOneOf("sidecar.istio.io/inject", ["false"]);

interface WebhookSettings {
  reinvocationPolicy?: string;
  enableNamespacesByDefault?: boolean;
}

/** The chart lays everything under `pilot` over the rest, but these are not read there. */
function settingsIn({ sidecarInjectorWebhook }: HelmValues): WebhookSettings {
  return isMap(sidecarInjectorWebhook) ? sidecarInjectorWebhook : {};
}
