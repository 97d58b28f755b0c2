/** `weft:mesh`: what holds for the whole mesh. */
import { z } from "zod";
import { access } from "./access";
import { charts } from "./charts";
import { dns1123, flag, prose, semver, text, written } from "./forms";
import { eastWestOfAll, ingressOfAll } from "./gateways";
import { istio, remoteAccess } from "./istio";
import { namespaceMetadata } from "./namespace";
import { trust } from "./authorities";

export const sample = z.strictObject({
  images: z
    .strictObject({
      helloworldV1: text
        .default("docker.io/istio/examples-helloworld-v1:1.0")
        .describe("helloworld that answers v1, in every second member."),
      helloworldV2: text
        .default("docker.io/istio/examples-helloworld-v2:1.0")
        .describe("helloworld that answers v2, in the other members."),
      nginx: text.default("docker.io/library/nginx:1.29").describe("nginx, in every member."),
      curl: text
        .default("docker.io/curlimages/curl:8.16.0")
        .describe("curl, in every member: sends the requests."),
    })
    .prefault({})
    .describe("Images of the sample workloads."),
  ...namespaceMetadata("namespace `sample`", "Weft's"),
});

export const loadBalancer = z.strictObject({
  version: semver.default("0.15.2").describe("Version of MetalLB's chart."),
  charts: charts
    .prefault({ repository: "https://metallb.github.io/metallb" })
    .describe("Where MetalLB's chart comes from."),
  network: text
    .optional()
    .describe(
      "Docker or podman network from whose subnet each member gets a range of its own, by the number at the end of its name (`cluster1`: the first range); without it every member says `addresses`.",
    ),
});

const membership = z.strictObject({
  management: z
    .union([dns1123, z.strictObject(access)], { error: "the name of a member, or a map" })
    .describe(
      "The management cluster: the name of a member, or the way into a cluster that is not one of them.",
    ),
  clusterDeployments: flag()
    .default(true)
    .describe("Find k0rdent ClusterDeployments labelled `k0rdent.mirantis.com/istio-role: member`."),
  clusters: z
    .strictObject({ selector: text.describe("Label selector.") })
    .optional()
    .describe("Find Cluster API Clusters by a selector."),
});

const groupsForm = "a map of lists of names, whose keys are DNS-1123 labels, such as eu: [a, b]";

export const meshSchema = z.strictObject({
  id: dns1123.default("mesh1").describe("Istio's mesh ID, the same in every member."),
  trustDomain: written("a DNS name in lower case", /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
    .default("cluster.local")
    .describe("SPIFFE trust domain of the mesh."),
  istio: istio.prefault({}),
  eastWest: eastWestOfAll.prefault({}),
  ingress: ingressOfAll.prefault({}),
  trust: trust.prefault({}),
  mtls: z
    .enum(["strict", "permissive"])
    .default("strict")
    .describe("Mode of the mesh-wide PeerAuthentication."),
  mtlsReason: written("text")
    .register(prose, { prose: true })
    .optional()
    .describe(
      "Why `mtls` is `permissive`: kept as an annotation of the PeerAuthentication. The policy pack asks for it.",
    ),
  telemetry: z
    .record(z.string(), z.unknown(), { error: "the spec of a Telemetry, a map" })
    .optional()
    .describe(
      "Spec of the mesh-wide Telemetry (https://istio.io/latest/docs/reference/config/telemetry/), as the primaries' own version of Istio knows it. Their API servers judge it: in a preview where Istio is there already, else in the `pulumi up`. Other providers than `prometheus`, `stackdriver` and `envoy` are defined in `istio.values.meshConfig.extensionProviders`.",
    ),
  remoteAccess: remoteAccess
    .extend({
      allowLoopback: flag()
        .default(false)
        .describe(
          "Accept API servers on loopback addresses. Right only where all members run on one machine and share its network.",
        ),
      allowBrokenRotation: flag()
        .default(false)
        .describe(
          "Renew tokens, or change the address or the CA of a member's API server, even where a reading istiod is of a version that loses a peer's endpoints by it. See docs/trust.md.",
        ),
    })
    .prefault({}),
  groups: z
    .record(z.string(), z.array(dns1123), { error: groupsForm })
    .refine((groups) => Object.keys(groups).every((name) => dns1123.safeParse(name).success), {
      error: groupsForm,
    })
    .optional()
    .describe(
      "Who reads whom: names of members by group. A primary reads those that it shares a group with; a member may be in several. Default: every primary reads every other member. See docs/reading.md.",
    ),
  removing: z
    .array(dns1123)
    .default([])
    .describe(
      "Members that are meant to leave. Needed when more than one leaves in one `pulumi up`, or all primaries that there were.",
    ),
  rebuilt: z
    .array(dns1123)
    .default([])
    .describe(
      "Members whose cluster was made again. Only with `pulumi up --refresh`, which forgets what Weft had made in the old one. See docs/changes.md.",
    ),
  evicting: z
    .array(dns1123)
    .default([])
    .describe(
      "Members whose cluster is gone, kept in `clusters` or not. Nothing asks it any more: its peers drop it, and what Weft made there leaves the state untouched. See docs/runbooks/dead-member.md.",
    ),
  tolerateUnreachable: flag()
    .default(false)
    .describe(
      "Go on where members do not answer: they are left as they were, the others get what is new, and the `pulumi up` counts as failed. Refused where the others need something of them. See docs/runbooks/dead-member.md.",
    ),
  loadBalancer: loadBalancer
    .optional()
    .describe("Install MetalLB on every member; for clusters without a load balancer."),
  membership: membership.optional().describe("Ask a management cluster for further members."),
  sample: sample
    .optional()
    .describe("Deploy the sample workloads (namespace `sample`) that `npm run verify` uses."),
});
