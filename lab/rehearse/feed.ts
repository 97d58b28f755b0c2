/** Every state that the objects of one kind in one member go through. */
import { setTimeout as pause } from "node:timers/promises";
import { KubeConfig, Watch } from "@kubernetes/client-node";
import { ApiClient, ApiServerError, defaultTimeoutMs } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { LabError } from "../error";
import { factsOf, type Facts, type KubernetesObject } from "./facts";

/** A state of an object, or that it went. */
export interface Sighting {
  /** Grows over all members of a lab: their API servers keep their objects in one etcd, whose revision this is. */
  revision: number;
  member: string;
  kind: string;
  name: string;
  /** Undefined: it was deleted. */
  facts?: Facts;
}

const istio = "istio-system";
const networking = `/apis/networking.istio.io/v1/namespaces/${istio}`;
const paths = {
  Namespace: "/api/v1/namespaces",
  Secret: `/api/v1/namespaces/${istio}/secrets`,
  ConfigMap: `/api/v1/namespaces/${istio}/configmaps`,
  Service: `/api/v1/namespaces/${istio}/services`,
  Deployment: `/apis/apps/v1/namespaces/${istio}/deployments`,
  Gateway: `${networking}/gateways`,
  VirtualService: `${networking}/virtualservices`,
};
export const kinds = Object.keys(paths) as (keyof typeof paths)[];
/** Of these kinds one object matters; of the others all in the namespace. */
const selectors: Record<string, { fieldSelector: string }> = {
  Namespace: { fieldSelector: `metadata.name=${istio}` },
  // istiod writes it into every namespace, where proxies mount it.
  ConfigMap: { fieldSelector: "metadata.name=istio-ca-root-cert" },
};

interface ListedObjects {
  metadata: { resourceVersion: string };
  items: KubernetesObject[];
}

export class Feed {
  /** Every object that was ever there: the revision of its last state, and whether that one matters. */
  private readonly seen = new Map<string, { revision: number; isThere: boolean; matters: boolean }>();
  private controller?: AbortController;
  private isStopped = false;
  private failure?: LabError;
  private changed = () => {};

  constructor(
    private readonly member: string,
    private readonly kubeconfig: ResolvedKubeconfig,
    private readonly kind: keyof typeof paths,
    private readonly see: (sighting: Sighting) => void,
  ) {}

  /** Resolves when every object is known in the state that it has now. The states before that have arrived before. */
  async caughtUp(): Promise<void> {
    const listed = (await this.list()) ?? { metadata: { resourceVersion: "0" }, items: [] };
    const now = new Map(listed.items.map(({ metadata }) => [metadata.name, revisionOf(metadata)]));
    const asOf = revisionOf(listed.metadata);
    const isKnown = () =>
      [...now].every(([name, revision]) => (this.seen.get(name)?.revision ?? 0) >= revision) &&
      [...this.seen].every(([name, { revision, isThere }]) => !isThere || now.has(name) || revision > asOf);
    await new Promise<void>((resolve, reject) => {
      this.changed = () => {
        if (this.failure) reject(this.failure);
        else if (isKnown()) resolve();
      };
      this.changed();
    });
  }

  stop(): void {
    this.isStopped = true;
    this.controller?.abort();
  }

  /**
   * Takes what there is, and then what comes.
   * @returns false where the API server does not know this kind
   */
  async start(): Promise<boolean> {
    const listed = await this.list();
    if (listed === undefined) return false;
    const { resourceVersion } = listed.metadata;
    const there = new Set(listed.items.map(({ metadata }) => metadata.name));
    for (const object of listed.items) if (this.isNews(object)) this.take(object);
    for (const [name, { isThere }] of this.seen) {
      if (isThere && !there.has(name)) this.drop({ metadata: { name, resourceVersion } });
    }
    const config = new KubeConfig();
    config.loadFromString(this.kubeconfig.kubeconfig);
    this.controller = await new Watch(config).watch(
      paths[this.kind],
      { ...selectors[this.kind], resourceVersion },
      (event: string, object: KubernetesObject) => this.hear(event, object),
      (error: { statusCode?: number } | null) => void this.resume(error),
    );
    if (this.isStopped) this.controller.abort();
    return true;
  }

  /**
   * An API server ends the watches of a kind about a second after its CRD has changed, and asks for patience (429) until it has set up
   * the storage anew. What happened in that moment is seen in the state after it.
   */
  private async resume(error: { statusCode?: number } | null): Promise<void> {
    if (this.isStopped) return;
    try {
      if (error !== null && error.statusCode !== 429) throw new Error("the watch ended");
      await pause(resumeMs);
      if (this.isStopped) return;
      if (!(await this.start())) throw new Error("the API server does not know it any more");
    } catch (thrown) {
      this.fail((thrown as Error).message);
    }
    this.changed();
  }

  private isNews({ metadata }: KubernetesObject): boolean {
    return revisionOf(metadata) > (this.seen.get(metadata.name)?.revision ?? 0);
  }

  private hear(event: string, object: KubernetesObject): void {
    try {
      if (event === "ADDED" || event === "MODIFIED") this.take(object);
      else if (event === "DELETED") this.drop(object);
      else this.fail(`the watch says ${event}`);
    } catch (error) {
      // The client library drops what a listener throws.
      this.fail((error as Error).message);
    }
    this.changed();
  }

  private take(object: KubernetesObject): void {
    const facts = factsOf(this.kind, object);
    const { metadata } = object;
    this.seen.set(metadata.name, {
      revision: revisionOf(metadata),
      isThere: true,
      matters: facts !== undefined,
    });
    if (facts !== undefined) this.tell(object, facts);
  }

  private drop(object: KubernetesObject): void {
    const { metadata } = object;
    if (this.seen.get(metadata.name)?.matters) this.tell(object);
    this.seen.set(metadata.name, { revision: revisionOf(metadata), isThere: false, matters: false });
  }

  private tell({ metadata }: KubernetesObject, facts?: Facts): void {
    const { member, kind } = this;
    this.see({ revision: revisionOf(metadata), member, kind, name: metadata.name, facts });
  }

  private fail(why: string): void {
    this.failure ??= new LabError(`${this.member}: objects of kind ${this.kind} cannot be watched: ${why}.`);
    this.changed();
  }

  /** undefined where the API server does not know the kind. */
  private async list(): Promise<ListedObjects | undefined> {
    const api = await ApiClient.of(this.kubeconfig, defaultTimeoutMs);
    try {
      const query = new URLSearchParams(selectors[this.kind]).toString();
      return await api.get<ListedObjects>(`${paths[this.kind]}?${query}`);
    } catch (error) {
      if (!(error instanceof ApiServerError)) throw error;
      throw new LabError(`${this.member}: ${paths[this.kind]} cannot be listed: ${error.message}.`);
    } finally {
      api.close();
    }
  }
}

/** Milliseconds before a watch that has ended is asked for again. */
const resumeMs = 200;

const revisionOf = ({ resourceVersion }: { resourceVersion?: string }) => Number(resourceVersion);
