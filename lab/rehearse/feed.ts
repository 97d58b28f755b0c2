/** Every state that the objects of one kind in one member go through. */
import type { IncomingMessage } from "node:http";
import https from "node:https";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { ApiClient, ApiServerError, defaultTimeoutMs, patienceIn } from "../../clusters/api-client";
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

/** Longest time for all watches of a feed, in milliseconds: a day. */
const longestMs = 86_400_000;
/** Milliseconds before a watch that has ended is asked for again. */
const resumeMs = 200;

export class Feed {
  /** Revisions of the objects that are there, by name. */
  private readonly there = new Map<string, number>();
  /** The last one that was told. */
  private revision = 0;
  private api?: ApiClient;
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
    const { metadata, items } = (await this.list()) ?? { metadata: { resourceVersion: "0" }, items: [] };
    const names = new Set(items.map((object) => object.metadata.name));
    const newest = Math.max(0, ...items.map(revisionOf));
    const isKnown = () =>
      this.revision >= newest &&
      [...this.there].every(([name, revision]) => names.has(name) || revision > revisionOf({ metadata }));
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
    this.api?.close();
  }

  /**
   * Takes what there is, and then what comes.
   * @returns false where the API server does not know this kind
   */
  async start(): Promise<boolean> {
    const listed = await this.list();
    if (listed === undefined) return false;
    this.takeAll(listed);
    this.api = await ApiClient.of(this.kubeconfig, longestMs);
    void this.follow(this.api, listed);
    return true;
  }

  /**
   * An API server ends the watches of a kind about a second after its CRD has changed. What happened in that moment is seen in the state
   * after it.
   */
  private async follow(api: ApiClient, after: ListedObjects): Promise<void> {
    try {
      for (let listed: ListedObjects | undefined = after; !this.isStopped; listed = await this.list()) {
        if (listed === undefined) throw new Error("the API server does not know it any more");
        this.takeAll(listed);
        await this.watch(api, listed.metadata.resourceVersion);
        await pause(resumeMs);
      }
    } catch (error) {
      this.failure = new LabError(
        `${this.member}: objects of kind ${this.kind} cannot be watched: ${(error as Error).message}.`,
      );
      this.changed();
    }
  }

  /** Takes what comes after a revision until the API server ends it. Waits where that asks for patience: as it sets up a kind's storage. */
  private async watch({ transport }: ApiClient, resourceVersion: string): Promise<void> {
    const query = new URLSearchParams({ ...selectors[this.kind], resourceVersion, watch: "true" }).toString();
    const url = `${transport.server}${paths[this.kind]}?${query}`;
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      https.get(url, transport.options, resolve).on("error", reject);
    });
    if (response.statusCode === 429) {
      return pause(patienceIn(response.headers["retry-after"], await text(response)));
    }
    if (response.statusCode !== 200) throw new Error(`the watch is answered with ${response.statusCode}`);
    let unfinished = "";
    for await (const chunk of response.setEncoding("utf8")) {
      const lines = (unfinished + chunk).split("\n");
      unfinished = lines.pop()!;
      for (const line of lines) this.hear(JSON.parse(line) as { type: string; object: KubernetesObject });
    }
  }

  private hear({ type, object }: { type: string; object: KubernetesObject }): void {
    if (type === "ADDED" || type === "MODIFIED") this.take(object);
    else if (type === "DELETED") this.drop(object.metadata.name, revisionOf(object));
    else throw new Error(`the watch says ${type}`);
  }

  private takeAll({ metadata, items }: ListedObjects): void {
    for (const object of items) {
      if (revisionOf(object) > (this.there.get(object.metadata.name) ?? 0)) this.take(object);
    }
    const names = new Set(items.map((object) => object.metadata.name));
    for (const name of this.there.keys()) if (!names.has(name)) this.drop(name, revisionOf({ metadata }));
  }

  private take(object: KubernetesObject): void {
    const { name } = object.metadata;
    this.there.set(name, revisionOf(object));
    this.tell(name, revisionOf(object), factsOf(this.kind, object));
  }

  private drop(name: string, revision: number): void {
    this.there.delete(name);
    this.tell(name, revision);
  }

  private tell(name: string, revision: number, facts?: Facts): void {
    this.revision = Math.max(this.revision, revision);
    this.see({ revision, member: this.member, kind: this.kind, name, facts });
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

const revisionOf = ({ metadata }: { metadata: { resourceVersion?: string } }) =>
  Number(metadata.resourceVersion);
