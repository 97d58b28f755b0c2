/** A management cluster: its CRDs, as small as they can be, and the objects by which clusters become members. */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { KubernetesObjectApi, PatchStrategy } from "@kubernetes/client-node";
import type { LabCluster } from "../../lab/control-plane";
import { kubeConfig } from "./harness";

const namespace = "team-a";

const crd = (group: string, version: string, kind: string, plural: string) => ({
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: {
    name: `${plural}.${group}`,
    // The API server asks for it in groups of the Kubernetes project.
    annotations: { "api-approved.kubernetes.io": "unapproved, a stand-in" },
  },
  spec: {
    group,
    scope: "Namespaced",
    names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
});

const kinds = {
  ClusterDeployment: "k0rdent.mirantis.com/v1beta1",
  Cluster: "cluster.x-k8s.io/v1beta2",
} as const;

export class ManagementCluster {
  private readonly api: KubernetesObjectApi;

  constructor({ kubeconfig }: LabCluster) {
    this.api = KubernetesObjectApi.makeApiClient(kubeConfig(kubeconfig));
  }

  /** Makes it one: the CRDs are served when this ends. */
  async prepare(): Promise<void> {
    await this.create(crd("k0rdent.mirantis.com", "v1beta1", "ClusterDeployment", "clusterdeployments"));
    await this.create(crd("cluster.x-k8s.io", "v1beta2", "Cluster", "clusters"));
    await this.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
    for (const [kind, apiVersion] of Object.entries(kinds)) {
      const served = () =>
        this.api.list(apiVersion, kind, namespace).then(
          () => true,
          () => false,
        );
      while (!(await served())) await sleep(50);
    }
  }

  /** A ClusterDeployment or a Cluster in namespace `team-a`. */
  async addCluster(kind: keyof typeof kinds, name: string, labels: Record<string, string>): Promise<void> {
    await this.create({ apiVersion: kinds[kind], kind, metadata: { name, namespace, labels } });
  }

  /** Sets labels; null takes one off. */
  async label(kind: keyof typeof kinds, name: string, labels: Record<string, string | null>): Promise<void> {
    await this.api.patch(
      {
        apiVersion: kinds[kind],
        kind,
        metadata: { name, namespace, labels: labels as Record<string, string> },
      },
      undefined,
      undefined,
      undefined,
      undefined,
      PatchStrategy.MergePatch,
    );
  }

  /** The kubeconfig Secret, as Cluster API leaves it when the cluster is up. */
  async addKubeconfig(name: string, { kubeconfig }: LabCluster): Promise<void> {
    await this.create({
      apiVersion: "v1",
      kind: "Secret",
      type: "cluster.x-k8s.io/secret",
      metadata: { name: `${name}-kubeconfig`, namespace },
      stringData: { value: readFileSync(kubeconfig, "utf8") },
    });
  }

  async removeKubeconfig(name: string): Promise<void> {
    await this.api.delete({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: `${name}-kubeconfig`, namespace },
    });
  }

  private async create(object: object): Promise<void> {
    await this.api.create(object);
  }
}
