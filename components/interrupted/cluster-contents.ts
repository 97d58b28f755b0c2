/** What stands in a cluster where Weft is about to create something. */
import { gunzipSync } from "node:zlib";
import type { ObjectMetadata } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { managedByWeft } from "../kubernetes";
import { asking } from "./asking";
import type { Revision } from "./releases";

/** The objects that Weft creates itself, and where the API server lists them. */
export const lists: Record<string, string> = {
  "v1/Namespace": "/api/v1/namespaces",
  "v1/Secret": "/api/v1/secrets",
  "v1/Service": "/api/v1/services",
  "apps/v1/Deployment": "/apis/apps/v1/deployments",
  "admissionregistration.k8s.io/v1/MutatingWebhookConfiguration":
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
  "security.istio.io/v1/PeerAuthentication": "/apis/security.istio.io/v1/peerauthentications",
  "telemetry.istio.io/v1/Telemetry": "/apis/telemetry.istio.io/v1/telemetries",
  "networking.istio.io/v1/Gateway": "/apis/networking.istio.io/v1/gateways",
  "networking.istio.io/v1/VirtualService": "/apis/networking.istio.io/v1/virtualservices",
  "cert-manager.io/v1/Issuer": "/apis/cert-manager.io/v1/issuers",
  "cert-manager.io/v1/Certificate": "/apis/cert-manager.io/v1/certificates",
  "metallb.io/v1beta1/IPAddressPool": "/apis/metallb.io/v1beta1/ipaddresspools",
  "metallb.io/v1beta1/L2Advertisement": "/apis/metallb.io/v1beta1/l2advertisements",
};

/** An object as it is given to Pulumi, as far as it says which one it is. */
export interface ObjectInputs {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
}

export type LiveObject = ObjectMetadata["metadata"];

/**
 * Each kind is listed once in each namespace, when it is first asked for. So what is found was there before this update created the
 * first of its kind, and a preview sees what the `up` will see.
 *
 * Every method throws CredentialsError, and Error when the API server gives no answer or the user may not look: not to see is not to
 * know that nothing is there.
 */
export class ClusterContents {
  private readonly listings = new Map<string, Promise<LiveObject[]>>();

  constructor(private readonly kubeconfig: ResolvedKubeconfig) {}

  /** The live object of this identity, whoever created it. */
  async find(inputs: ObjectInputs): Promise<LiveObject | undefined> {
    const listed = await this.list(listOf(inputs));
    return listed.find(({ name }) => name === inputs.metadata.name);
  }

  /** All revisions of a release. */
  async history({ name, namespace }: { name: string; namespace: string }): Promise<Revision[]> {
    const secrets = await this.list(`/api/v1/namespaces/${namespace}/secrets`);
    return secrets
      .filter(({ labels }) => labels?.["owner"] === "helm" && labels["name"] === name)
      .map((secret) => ({
        secret: secret.name,
        namespace,
        release: name,
        version: Number(secret.labels!["version"]),
        status: secret.labels!["status"] ?? "",
        installer: secret.managedFields?.[0]?.manager,
      }));
  }

  /** What Helm says became of a revision. */
  async descriptionOf({ secret, namespace }: Revision): Promise<string> {
    const path = `/api/v1/namespaces/${namespace}/secrets/${secret}`;
    const what = "get a record of Helm's";
    const found = await asking(this.kubeconfig, { what }, (api) =>
      api.get<{ data: { release: string } }>(path),
    );
    if (found === undefined) return "";
    // Helm encodes what Kubernetes encodes again: pkg/storage/driver/util.go of helm.
    const record = gunzipSync(Buffer.from(Buffer.from(found.data.release, "base64").toString(), "base64"));
    return (JSON.parse(record.toString()) as { info: { description: string } }).info.description;
  }

  /** What a namespace is used for, as words for a person; empty where nothing but Kubernetes and Istio has put anything into it. */
  async useOf(namespace: string): Promise<string[]> {
    const core = `/api/v1/namespaces/${namespace}`;
    const apps = `/apis/apps/v1/namespaces/${namespace}`;
    const kinds = {
      pods: core,
      services: core,
      secrets: core,
      configmaps: core,
      persistentvolumeclaims: core,
      deployments: apps,
      statefulsets: apps,
      daemonsets: apps,
    };
    const found = await Promise.all(
      Object.entries(kinds).map(async ([kind, path]) => {
        const objects = await this.list(`${path}/${kind}`);
        return objects.some(({ name }) => !everywhere.includes(name)) ? [kind] : [];
      }),
    );
    return found.flat();
  }

  private list(path: string): Promise<LiveObject[]> {
    const known = this.listings.get(path);
    if (known !== undefined) return known;
    const what = `list ${path.split("/").at(-1)}`;
    const blind = ", so Weft does not see what is in the way there";
    const listing = asking(this.kubeconfig, { what, blind }, async (api) =>
      (await api.listMetadata(path)).map(({ metadata }) => metadata),
    );
    this.listings.set(path, listing);
    return listing;
  }
}

/** Where the API server lists the objects of this kind, in this namespace. */
export function listOf({ apiVersion, kind, metadata: { namespace } }: ObjectInputs): string {
  const path = lists[`${apiVersion}/${kind}`]!;
  return namespace === undefined ? path : path.replace(/[^/]+$/, `namespaces/${namespace}/$&`);
}

/** Whether it has Weft's label and, in a namespace that stacks share, this stack's annotation. */
export function isOurs(live: LiveObject, { metadata }: ObjectInputs): boolean {
  return (
    Object.entries(managedByWeft).every(([key, value]) => live.labels?.[key] === value) &&
    live.annotations?.["weft.dev/stack"] === metadata.annotations?.["weft.dev/stack"]
  );
}

/** What Kubernetes and Istio put into every namespace. */
const everywhere = ["kube-root-ca.crt", "istio-ca-root-cert", "istio-ca-crl"];
