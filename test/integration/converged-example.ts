/** An example on real control planes: its file, converged by the real engine as `npm start` does it, and what then is there. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { KubernetesObject, KubernetesObjectApi, V1Secret } from "@kubernetes/client-node";
import type { LabCluster } from "../../lab/control-plane";
import { labConfig, type StackFile } from "../../lab/engine/config";
import { projectRoot } from "../../lab/engine/stack";
import { type Change, decoded, namespace as istioSystem, type TestMesh } from "./harness";
import { Operator, TestStack } from "./operator";

const policyPacks = [path.join(projectRoot, "policies")];

/** What tells the topologies apart, of one member. */
export interface MemberView {
  network: string | undefined;
  /** Primary that takes charge of a remote. */
  servedBy: string | undefined;
  /** Peers whose APIs it reads. */
  reads: string[];
  /** Deployments of Istio. */
  runs: string[];
  /** Istio's own objects, as `Kind name`. */
  istio: string[];
  /** Deployments of the sample. */
  sample: string[];
}

/** Control planes that are free; examples take theirs, in the order in which they ask. */
export class Planes {
  private readonly waiting: { count: number; resolve: (names: string[]) => void }[] = [];

  constructor(private readonly free: string[]) {}

  take(count: number): Promise<string[]> {
    return new Promise((resolve) => {
      this.waiting.push({ count, resolve });
      this.serve();
    });
  }

  giveBack(names: string[]): void {
    this.free.push(...names);
    this.serve();
  }

  private serve(): void {
    const [next] = this.waiting;
    if (next === undefined || next.count > this.free.length) return;
    this.waiting.shift();
    next.resolve(this.free.splice(0, next.count));
    this.serve();
  }
}

export class ConvergedExample {
  private stack!: TestStack;
  /** Of its own: operations of one operator are not told apart. */
  private readonly operator = new Operator();
  private readonly clusters = new Map<string, LabCluster>();
  private readonly apis = new Map<string, KubernetesObjectApi>();

  /** @param planes names of its control planes. */
  constructor(
    private readonly mesh: TestMesh,
    private readonly name: string,
    private readonly planes: string[],
  ) {}

  /** Opens the stack of the example; nothing is changed yet. */
  async open(config: StackFile["config"]): Promise<void> {
    const wanted = labConfig({ config }, {});
    const clusters = wanted.clusters.map((member) => this.cluster(member));
    this.stack = await TestStack.open(this.operator, {
      dir: path.join(this.mesh.dir, this.name),
      stack: this.name,
      bin: this.mesh.parts.bin,
      config: wanted.config(clusters, this.mesh.parts),
    });
  }

  /** The member's control plane: from the first time that it is asked for, one of its own. */
  cluster(member: string): LabCluster {
    const known = this.clusters.get(member);
    if (known) return known;
    const plane = this.planes[this.clusters.size];
    if (plane === undefined) throw new Error(`${this.name}: no control plane is left for ${member}`);
    const cluster = { ...this.mesh.cluster(plane), name: member };
    this.clusters.set(member, cluster);
    this.apis.set(member, this.mesh.objects(plane));
    return cluster;
  }

  /** Name that the lab has for the member's control plane. */
  planeOf(member: string): string {
    this.cluster(member);
    return this.planes[[...this.clusters.keys()].indexOf(member)]!;
  }

  /** Under the policy pack: what it refuses fails the update. */
  converge(): Promise<Change[]> {
    return this.mesh.record((options) => this.stack.up({ ...options, policyPacks }));
  }

  up(): Promise<Change[]> {
    return this.mesh.record((options) => this.stack.up(options));
  }

  async destroy(): Promise<void> {
    await this.mesh.record((options) => this.stack.destroy(options));
  }

  close(): void {
    this.operator.stop();
  }

  /** Everything that members can be asked about, by member. */
  async view(): Promise<Record<string, MemberView>> {
    const views = [...this.clusters.keys()].map(async (name) => [name, await this.viewOf(name)] as const);
    return Object.fromEntries(await Promise.all(views));
  }

  /** The peers of each member that runs istiod. */
  async reads(): Promise<Record<string, string[]>> {
    const primaries = Object.entries(await this.view()).filter(([, { servedBy }]) => servedBy === undefined);
    return Object.fromEntries(primaries.map(([name, { reads }]) => [name, reads]));
  }

  private async viewOf(member: string): Promise<MemberView> {
    const { metadata } = (await this.read(member, "v1", "Namespace", istioSystem))!;
    const peers = await this.read<V1Secret>(member, "v1", "Secret", "weft-peers");
    const names = (apiVersion: string, kind: string, from?: string) =>
      this.names(member, apiVersion, kind, from);
    const kinds = [
      ["networking.istio.io/v1", "Gateway"],
      ["security.istio.io/v1", "PeerAuthentication"],
      ["telemetry.istio.io/v1", "Telemetry"],
      ["networking.istio.io/v1", "VirtualService"],
    ] as const;
    const istio = kinds.map(async ([apiVersion, kind]) =>
      (await names(apiVersion, kind)).map((name) => `${kind} ${name}`),
    );
    return {
      network: metadata!.labels!["topology.istio.io/network"],
      servedBy: metadata!.annotations?.["topology.istio.io/controlPlaneClusters"],
      reads: Object.keys(peers?.data ?? {}).sort(),
      runs: await names("apps/v1", "Deployment"),
      istio: (await Promise.all(istio)).flat(),
      sample: await names("apps/v1", "Deployment", "sample"),
    };
  }

  /** The object, or undefined where there is none. */
  read<T extends KubernetesObject = KubernetesObject>(
    member: string,
    apiVersion: string,
    kind: string,
    name: string,
    namespace = istioSystem,
  ): Promise<T | undefined> {
    const api = this.apis.get(member)!;
    const header = { apiVersion, kind, metadata: { name, namespace } };
    return api.read<T>(header as Parameters<typeof api.read<T>>[0]).catch((error: { code?: number }) => {
      if (error.code === 404) return undefined;
      throw error;
    });
  }

  /** Names of the objects of a kind, sorted. */
  async names(member: string, apiVersion: string, kind: string, namespace = istioSystem): Promise<string[]> {
    const { items } = await this.apis.get(member)!.list(apiVersion, kind, namespace);
    return items.map(({ metadata }) => metadata!.name!).sort();
  }

  async secret(member: string, name: string, namespace = istioSystem): Promise<Record<string, string>> {
    return decoded((await this.read<V1Secret>(member, "v1", "Secret", name, namespace))!);
  }

  /** Namespaces, cluster roles and webhooks that are left. */
  async leftovers(): Promise<string[]> {
    const kinds = [
      ["v1", "Namespace"],
      ["rbac.authorization.k8s.io/v1", "ClusterRole"],
      ["rbac.authorization.k8s.io/v1", "ClusterRoleBinding"],
      ["admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"],
      ["admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"],
    ] as const;
    // Kubernetes' own, and the namespace of ManagementCluster.
    const others = /^(default|kube-.*|system:.*|admin|edit|view|cluster-admin|team-a)$/;
    const left = [...this.apis].flatMap(([member, api]) =>
      kinds.map(async ([apiVersion, kind]) =>
        (await api.list(apiVersion, kind)).items
          .map(({ metadata }) => metadata!.name!)
          .filter((name) => !others.test(name))
          .map((name) => `${member}: ${kind} ${name}`),
      ),
    );
    return (await Promise.all(left)).flat();
  }
}

/** Lets the engine find a program in place of a plugin. */
export async function installPlugin(bin: string, name: string, program: string): Promise<void> {
  const tsx = path.join(projectRoot, "node_modules/.bin/tsx");
  await fs.writeFile(
    path.join(bin, `pulumi-resource-${name}`),
    `#!/bin/sh\nexec "${tsx}" "${program}" "$@"\n`,
    {
      mode: 0o755,
    },
  );
}
