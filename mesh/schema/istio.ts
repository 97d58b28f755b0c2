/** What a member may set for itself, and the mesh for all of them. */
import { z } from "zod";
import { defaultVersion } from "../revisions";
import { charts } from "./charts";
import { dns1123, flag, semver, text, values, whole } from "./forms";
import { namespaceMetadata } from "./namespace";

/** Service `istiod-<revision>` has a name of at most 63 characters. */
const revision = dns1123.max(56, { error: "at most 56 characters" });
/** So has Helm's release of one of several, of at most 53. */
const oneOfSeveral = dns1123.max(46, { error: "at most 46 characters" });
/** Service `istiod-revision-tag-<tag>`, which Istio's own tools make, has a name of at most 63 characters. */
const tag = dns1123.max(43, { error: "at most 43 characters" });

const revisionsForm =
  "a map of versions, whose keys are DNS-1123 labels of at most 46 characters, such as 1-31-2: 1.31.2";
const tagsForm =
  "a map of revisions, whose keys are DNS-1123 labels of at most 43 characters, such as default: 1-31-2";

export const tags = z
  .record(z.string(), revision, { error: tagsForm })
  .refine((found) => Object.keys(found).every((name) => tag.safeParse(name).success), { error: tagsForm });

export const cni = z.strictObject({
  namespace: z
    .enum(["istio-system", "kube-system"])
    .optional()
    .describe("Namespace of the plugin; default: istio-system, and on `openshift` kube-system."),
  values: values
    .default({})
    .describe(
      "Extra Helm values for the cni chart, merged over Weft's. Those that the mesh needs are refused.",
    ),
});

export const istio = z.strictObject({
  version: semver
    .optional()
    .describe(
      `Version of Istio's charts and images; default: \`${defaultVersion}\`, or what \`revisions\` says.`,
    ),
  revision: revision
    .optional()
    .describe(
      "Revision of the control plane (`istio.io/rev`). Beside `revisions`: the one of them that was installed by this key, and keeps its Helm release `istiod`.",
    ),
  revisions: z
    .record(z.string(), semver, { error: revisionsForm })
    .refine((found) => Object.keys(found).every((name) => oneOfSeveral.safeParse(name).success), {
      error: revisionsForm,
    })
    .refine((found) => Object.keys(found).length > 0, { error: "at least one revision" })
    .optional()
    .describe(
      "In place of `version`: several istiods side by side in each primary, versions by revision. `default` is the one without a revision, which `version` alone installs. See docs/runbooks/upgrade.md.",
    ),
  tags: tags
    .default({})
    .describe(
      "Revisions by tag, beside `revisions`. Tag `default` is for namespaces labelled `istio-injection: enabled` and for the gateways, any other for those labelled `istio.io/rev: <tag>`. Default of `default`: the only revision, or the one of that name.",
    ),
  hub: text.optional().describe("Image registry and path; default: the charts' own."),
  tag: text.optional().describe("Image tag; default: the charts' own, which is the version."),
  imagePullSecrets: z
    .array(dns1123)
    .default([])
    .describe(
      "Names of image pull Secrets in the Istio namespace and wherever gateways and the CNI plugin run.",
    ),
  values: values
    .default({})
    .describe(
      "Extra Helm values for istiod, merged over Weft's. Those that define the mesh (mesh ID, cluster, network, trust domain, roots) are refused.",
    ),
  base: z
    .strictObject({
      values: values
        .default({})
        .describe(
          "Extra Helm values for the base chart, merged over Weft's. Those that the mesh needs are refused.",
        ),
    })
    .prefault({}),
  cni: cni
    .optional()
    .describe(
      "Istio's CNI plugin on every node, in place of an init container with rights over the network in every pod (https://istio.io/latest/docs/setup/additional-setup/cni/); `{}` for the chart's own settings. A remote has it where its primary has.",
    ),
  platform: z
    .enum(["gke", "k3d", "k3s", "microk8s", "minikube", "openshift"])
    .optional()
    .describe(
      "What Kubernetes runs on, for the charts' own settings (`global.platform`). On `openshift` istiod counts on Istio's CNI plugin: set `cni`.",
    ),
  adoptNamespace: flag()
    .default(false)
    .describe(
      "Namespace istio-system is there already and stays another's: Weft adds its labels, and takes them away when the member leaves. It never deletes it.",
    ),
  ...namespaceMetadata("istio-system", "Weft's"),
  charts: charts.prefault({ repository: "https://istio-release.storage.googleapis.com/charts" }),
  crds: z
    .enum(["keep", "remove"])
    .default("keep")
    .describe(
      "What happens to Istio's CRDs, and with them to every Istio object, when a member leaves. The chart keeps them; `remove` must be applied by one `pulumi up` before the member leaves.",
    ),
});

export const remoteAccess = z.strictObject({
  generation: whole(1)
    .default(1)
    .describe(
      "Raise it by one to issue new tokens; the old ones are revoked after every reader has the new.",
    ),
  renewEveryHours: whole(1)
    .optional()
    .describe(
      "Raise the generation by one every so many hours: the first `pulumi up` of each such span issues new tokens. Run it on a schedule.",
    ),
  // A third of an hour is as often as a schedule can be counted on; what lives for longer than a year outlives the intermediates.
  tokenLifetimeHours: whole(1, 8760)
    .optional()
    .describe(
      "Issue tokens that end after so many hours; default: tokens that do not end. The first `pulumi up` after a third of that renews them, so run it on a schedule of a third or less: see docs/schedules.md. An API server may allow less (EKS 24, GKE 48).",
    ),
});
