/**
 * The stack config, key by key: what may be written, what it means, what holds where nothing is written.
 * Every error text is the expected form: schema-problems.ts puts "Expected …" before it.
 * What concerns more than one key (a remote and its primary, two members of one name) is in rules.ts.
 */
import { z } from "zod";
import { parseAddressRange } from "./address-range";

/**
 * Marks a value that must never be shown, not even in the error that refuses it.
 * Ask with `secrets.get(schema)`: `has` does not see the mark on what `describe` made of a marked schema.
 */
export const secrets = z.registry<{ secret: true }>();

const written = (form: string, pattern?: RegExp) => {
  const string = z.string({ error: form }).trim().min(1, { error: form });
  return pattern === undefined ? string : string.regex(pattern, { error: form });
};
const whole = (min: number, max?: number) => {
  const error = max === undefined ? `a whole number, ${min} or more` : `a whole number from ${min} to ${max}`;
  const number = z.int({ error }).min(min, { error });
  return max === undefined ? number : number.max(max, { error });
};
const flag = () => z.boolean({ error: "true or false" });

const text = written("text");
const dns1123 = written(
  "a DNS-1123 label (lower-case letters, digits and '-', at most 63 characters)",
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
);
const labelValue = written(
  "a Kubernetes label value (letters, digits, '-', '_' and '.', at most 63 characters)",
  /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/,
);
const host = written("an IP address or a DNS name", /^[A-Za-z0-9:]([-A-Za-z0-9.:]*[A-Za-z0-9:])?$/);
const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: "a CIDR such as 10.0.0.0/8" });
const addressRangeForm = "an IPv4 range such as 10.89.1.200-10.89.1.220, or an IPv4 CIDR";
const port = whole(1, 65535);
const days = whole(1);
const semver = written(
  "a version of three numbers such as 1.30.5, without a leading v",
  /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/,
);
const url = (protocol: RegExp, form: string) => z.url({ protocol, error: form });
const pem = (label: string) =>
  written(`PEM that starts with a ${label} block`, new RegExp(`^-----BEGIN [A-Z ]*${label}-----`));
const values = z.record(z.string(), z.unknown(), { error: "a map of Helm values" });
const annotations = z.record(z.string(), z.string({ error: "text" }), { error: "a map of text" });

const charts = z
  .union(
    [
      z.strictObject({
        repository: url(/^https?$/, "an http or https URL").describe("URL of a Helm repository."),
      }),
      z.strictObject({
        oci: url(/^oci$/, "a URL such as oci://registry.example/istio/charts").describe(
          "URL of the folder in an OCI registry that holds the charts.",
        ),
      }),
      z.strictObject({
        path: text.describe(
          "Folder that holds each chart, as a folder or as the `.tgz` that `helm pull` leaves. Relative to the project.",
        ),
      }),
    ],
    { error: "exactly one of the keys `repository`, `oci`, `path`" },
  )
  .describe("Where Istio's charts come from: exactly one of `repository`, `oci`, `path`.");

const service = z.strictObject({
  type: z
    .enum(["LoadBalancer", "NodePort", "ClusterIP"])
    .default("LoadBalancer")
    .describe("Type of the gateway's Service."),
  annotations: annotations
    .default({})
    .describe("Annotations of the Service, for example those of a cloud's load balancer."),
  loadBalancerSourceRanges: z
    .array(cidr)
    .default([])
    .describe("CIDRs that may reach the load balancer; empty: everyone."),
});

const eastWest = z.strictObject({
  service: service.prefault({}),
  addresses: z
    .array(host)
    .default([])
    .describe(
      "Addresses at which other networks reach this gateway, where no load balancer gives one (NodePort, ClusterIP). On a primary that serves remotes they lead to its ports 15012 and 15017 too.",
    ),
  port: port
    .default(15443)
    .describe(
      "Port at which other networks reach this gateway at `addresses`; also the node port when the Service's type is NodePort.",
    ),
});

const route = z.strictObject({
  host: written(
    "a DNS name in lower case, or one that starts with '*.'",
    /^(\*\.)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/,
  ).describe("Host of the request."),
  path: written("a path that starts with /", /^\//).default("/").describe("Prefix of the request's path."),
  service: written("a Service as name.namespace", /^[-a-z0-9]+\.[-a-z0-9]+$/).describe(
    "Destination: a Service as `name.namespace`.",
  ),
  port: port.describe("Port of that Service."),
});

const ingress = z.strictObject({
  service: service
    .extend({
      nodePorts: z
        .strictObject({
          http: port.default(30080).describe("Node port of 80."),
          https: port.default(30443).describe("Node port of 443."),
        })
        .optional()
        .describe("Fixed node ports for 80 and 443, when the type is NodePort."),
    })
    .prefault({}),
  routes: z
    .array(route)
    .default([])
    .describe("What the gateway serves: one Gateway and one VirtualService for each host."),
});

const providedCa = z.strictObject({
  certificate: pem("CERTIFICATE").describe("PEM of the CA certificate."),
  key: pem("PRIVATE KEY").register(secrets, { secret: true }).describe("Secret. PEM of its private key."),
});

const rootSource = z.discriminatedUnion("source", [
  z.strictObject({
    source: z
      .literal("generated")
      .describe("Weft generates the root key; it stays in Pulumi's state, encrypted."),
  }),
  z.strictObject({
    source: z
      .literal("certManager")
      .describe("cert-manager on `trust.certManager.cluster` holds the root and issues the intermediates."),
  }),
  z.strictObject({
    source: z.literal("provided").describe("The root is given as PEM."),
    certificate: pem("CERTIFICATE").describe("PEM of the root certificate."),
    key: pem("PRIVATE KEY")
      .register(secrets, { secret: true })
      .optional()
      .describe(
        "Secret. PEM of the root's key. Leave it out when every member is given its intermediate: then the root key never enters Pulumi.",
      ),
  }),
]);

const rootName = {
  name: dns1123.describe("Name of the root; resources are named after it."),
  signing: flag().default(false).describe("This root signs the intermediates. Exactly one does."),
};
const namedRoot = z.discriminatedUnion("source", [
  rootSource.options[0].extend(rootName),
  rootSource.options[1].extend(rootName),
  rootSource.options[2].extend(rootName),
]);

const trust = z.strictObject({
  mode: z
    .enum(["shared", "federated"])
    .default("shared")
    .describe(
      "`shared`: one root, one intermediate per member. `federated`: every primary has a root of its own and trusts those of the others.",
    ),
  algorithm: z
    .enum(["ECDSA-P256", "RSA-4096"])
    .default("ECDSA-P256")
    .describe("Key algorithm of generated roots and intermediates."),
  rootLifetimeDays: days
    .default(3650)
    .describe("Days a generated root is valid. Reissued when less than a third is left."),
  intermediateLifetimeDays: days
    .default(365)
    .describe("Days an intermediate is valid. Reissued when less than a third is left."),
  root: rootSource.optional().describe("The only root (default: `generated`). Use `roots` to rotate."),
  roots: z
    .array(namedRoot)
    .min(1)
    .optional()
    .describe(
      "Roots by name: all are trusted, the one with `signing: true` signs. See docs/trust.md for the three steps of a rotation.",
    ),
  certManager: z
    .strictObject({
      cluster: dns1123.describe("Member on which cert-manager issues."),
      namespace: dns1123
        .default("cert-manager")
        .describe("Namespace of cert-manager and of its CA Certificates."),
      install: flag().default(true).describe("Install cert-manager; `false`: it is there already."),
    })
    .optional()
    .describe("Required when a root's source is `certManager`."),
});

const istio = z.strictObject({
  version: semver.default("1.30.5").describe("Version of Istio's charts and images."),
  revision: dns1123.optional().describe("Revision of the control plane (`istio.io/rev`)."),
  hub: text.optional().describe("Image registry and path; default: the charts' own."),
  tag: text.optional().describe("Image tag; default: the charts' own, which is the version."),
  imagePullSecrets: z
    .array(dns1123)
    .default([])
    .describe("Names of image pull Secrets in the Istio namespace and wherever gateways run."),
  values: values
    .default({})
    .describe(
      "Extra Helm values for istiod, merged over Weft's. Those that define the mesh (mesh ID, cluster, network, trust domain, roots) are refused.",
    ),
  charts: charts.prefault({ repository: "https://istio-release.storage.googleapis.com/charts" }),
  crds: z
    .enum(["keep", "remove"])
    .default("keep")
    .describe(
      "What happens to Istio's CRDs, and with them to every Istio object, when a member leaves. The chart keeps them; `remove` must be applied by one `pulumi up` before the member leaves.",
    ),
});

const remoteAccess = z.strictObject({
  generation: whole(1)
    .default(1)
    .describe(
      "Raise it by one to issue new tokens; the old ones are revoked after every reader has the new.",
    ),
});

const sample = z.strictObject({
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
});

const loadBalancer = z.strictObject({
  version: semver.default("0.15.2").describe("Version of MetalLB's chart."),
  charts: charts
    .prefault({ repository: "https://metallb.github.io/metallb" })
    .describe("Where MetalLB's chart comes from."),
  network: text
    .optional()
    .describe(
      "Docker or podman network from whose subnet each member gets a range of its own; without it every member says `addresses`.",
    ),
});

/** The way into a cluster. */
const access = {
  context: text.optional().describe("Context in the kubeconfig; default: its current context."),
  kubeconfig: written("the contents of a kubeconfig, as text")
    .register(secrets, { secret: true })
    .optional()
    .describe("Secret. Contents of a kubeconfig."),
  kubeconfigPath: text
    .optional()
    .describe(
      "Path of a kubeconfig; default where only `context` is given: $KUBECONFIG, then ~/.kube/config.",
    ),
};

const membership = z.strictObject({
  management: z
    .union([dns1123, z.strictObject(access)])
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

export const meshSchema = z.strictObject({
  id: dns1123.default("mesh1").describe("Istio's mesh ID, the same in every member."),
  trustDomain: written("a DNS name in lower case", /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/)
    .default("cluster.local")
    .describe("SPIFFE trust domain of the mesh."),
  istio: istio.prefault({}),
  trust: trust.prefault({}),
  mtls: z
    .enum(["strict", "permissive"])
    .default("strict")
    .describe("Mode of the mesh-wide PeerAuthentication."),
  mtlsReason: text
    .optional()
    .describe(
      "Why `mtls` is `permissive`: kept as an annotation of the PeerAuthentication. The policy pack asks for it.",
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
          "Renew tokens even where a reading istiod is of a version that loses a peer's endpoints when its token changes. See docs/trust.md.",
        ),
    })
    .prefault({}),
  removing: z
    .array(dns1123)
    .default([])
    .describe(
      "Members that are meant to leave. Needed when more than one leaves in one `pulumi up`, or all primaries that there were.",
    ),
  loadBalancer: loadBalancer
    .optional()
    .describe("Install MetalLB on every member; for clusters without a load balancer."),
  membership: membership.optional().describe("Ask a management cluster for further members."),
  sample: sample
    .optional()
    .describe("Deploy the sample workloads (namespace `sample`) that `npm run verify` uses."),
});

export const clusterSchema = z.strictObject({
  name: dns1123.describe("Name of the member, and Istio's cluster ID."),
  ...access,
  network: labelValue
    .optional()
    .describe("Network of the member's pods; default: the member's name, so one network per cluster."),
  role: z
    .enum(["primary", "remote"])
    .default("primary")
    .describe("`primary` runs istiod; `remote` is served by the istiod of `primary`."),
  primary: dns1123.optional().describe("Name of the primary that serves this remote."),
  apiServer: url(/^https$/, "an https URL such as https://10.0.0.5:6443")
    .optional()
    .describe(
      "URL at which the peers' istiods reach this member's API server; default: the kubeconfig's server.",
    ),
  eastWest: eastWest.prefault({}),
  ingress: ingress.optional().describe("North-south gateway."),
  addresses: written(addressRangeForm)
    .refine((range) => parseAddressRange(range) !== undefined, { error: addressRangeForm })
    .optional()
    .describe("Addresses that MetalLB may give on this member; default: cut from `loadBalancer.network`."),
  istio: istio
    .pick({ values: true })
    .extend({
      version: semver
        .optional()
        .describe("Version of this member, to upgrade member by member; default: the mesh's."),
    })
    .prefault({}),
  trust: z
    .strictObject({
      root: providedCa
        .partial({ key: true })
        .optional()
        .describe("Federated trust: the member's own existing root."),
      intermediate: providedCa
        .extend({
          chain: text
            .optional()
            .describe("PEM of further intermediates, from this one's issuer towards the root."),
        })
        .optional()
        .describe("The member's own existing intermediate; then the root's key is not needed for it."),
      trusts: z
        .array(dns1123)
        .optional()
        .describe("Federated trust: members whose roots this one trusts; default: all."),
    })
    .prefault({}),
  remoteAccess: z
    .strictObject({
      generation: remoteAccess.shape.generation
        .unwrap()
        .optional()
        .describe("Generation of this member's token; default: the mesh's."),
    })
    .prefault({}),
});

export const stackSchema = z.strictObject({
  mesh: meshSchema.prefault({}),
  clusters: z.array(clusterSchema).min(1, { error: "at least one cluster" }),
});

export type MeshConfig = z.output<typeof meshSchema>;
export type ClusterConfig = z.output<typeof clusterSchema>;
export type StackConfig = z.output<typeof stackSchema>;
/** What a person writes: defaults left out. */
export type StackInput = z.input<typeof stackSchema>;
export type ChartSource = z.output<typeof charts>;
export type GatewayService = z.output<typeof service>;
export type EastWestConfig = z.output<typeof eastWest>;
export type IngressConfig = z.output<typeof ingress>;
export type RootSource = z.output<typeof rootSource>;
export type SampleConfig = z.output<typeof sample>;
