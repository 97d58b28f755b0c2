/** Watches what trust and reach depend on in the members, from one moment to another, and misses no state in between. */
import { setTimeout as pause } from "node:timers/promises";
import { KubeConfig, Watch } from "@kubernetes/client-node";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { LabCluster } from "../control-plane";
import { LabError } from "../error";
import { factsOf, type Facts, type KubernetesObject } from "./facts";
import { list } from "./list";

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

export interface Watched {
  /** What there was at the beginning. */
  before: Sighting[];
  /** What came after, in the order in which it happened, over all members. */
  after: Sighting[];
}

const istio = "istio-system";
const networking = `/apis/networking.istio.io/v1/namespaces/${istio}`;
const paths = {
  Namespace: "/api/v1/namespaces",
  Secret: `/api/v1/namespaces/${istio}/secrets`,
  Service: `/api/v1/namespaces/${istio}/services`,
  Deployment: `/apis/apps/v1/namespaces/${istio}/deployments`,
  Gateway: `${networking}/gateways`,
  VirtualService: `${networking}/virtualservices`,
};
/** One Namespace matters, and every object of the other kinds in it. */
const selectors: Record<string, { fieldSelector: string }> = {
  Namespace: { fieldSelector: `metadata.name=${istio}` },
};

export class MeshWatch {
  private constructor(private readonly feeds: Feed[]) {}

  /** @throws LabError when an API server does not answer */
  static async start(clusters: readonly LabCluster[]): Promise<MeshWatch> {
    const started = await Promise.all(
      clusters.flatMap((cluster) =>
        Object.entries(paths).map(([kind, path]) => Feed.start(cluster, kind, path)),
      ),
    );
    return new MeshWatch(started.filter((feed) => feed !== undefined));
  }

  /** What happened until now, after all of it has arrived. */
  async finish(): Promise<Watched> {
    try {
      await Promise.all(this.feeds.map((feed) => feed.caughtUp()));
    } finally {
      this.stop();
    }
    return {
      before: this.feeds.flatMap(({ before }) => before),
      after: this.feeds.flatMap(({ after }) => after).sort((a, b) => a.revision - b.revision),
    };
  }

  stop(): void {
    for (const feed of this.feeds) feed.stop();
  }
}

/** One kind of object in one member. */
class Feed {
  readonly before: Sighting[] = [];
  readonly after: Sighting[] = [];
  /** Every object that was ever there: the revision of its last state, and whether that one matters. */
  private readonly seen = new Map<string, { revision: number; isThere: boolean; matters: boolean }>();
  private controller?: AbortController;
  private isStopped = false;
  private failure?: LabError;
  private changed = () => {};

  private constructor(
    private readonly member: string,
    private readonly kubeconfig: ResolvedKubeconfig,
    private readonly kind: string,
    private readonly path: string,
  ) {}

  /** @returns undefined where the API server does not know this kind: there is nothing of it to interrupt. */
  static async start(cluster: LabCluster, kind: string, path: string): Promise<Feed | undefined> {
    const kubeconfig = await resolveKubeconfig({ path: cluster.name, kubeconfigPath: cluster.kubeconfig });
    const feed = new Feed(cluster.name, kubeconfig, kind, path);
    return (await feed.follow(feed.before)) ? feed : undefined;
  }

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
  private async follow(sightings: Sighting[]): Promise<boolean> {
    const listed = await this.list();
    if (listed === undefined) return false;
    const { resourceVersion } = listed.metadata;
    const there = new Set(listed.items.map(({ metadata }) => metadata.name));
    for (const object of listed.items) if (this.isNews(object)) this.take(object, sightings);
    for (const [name, { isThere }] of this.seen) {
      if (isThere && !there.has(name)) this.drop({ metadata: { name, resourceVersion } });
    }
    const config = new KubeConfig();
    config.loadFromString(this.kubeconfig.kubeconfig);
    this.controller = await new Watch(config).watch(
      this.path,
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
      if (!(await this.follow(this.after))) throw new Error("the API server does not know it any more");
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
      if (event === "ADDED" || event === "MODIFIED") this.take(object, this.after);
      else if (event === "DELETED") this.drop(object);
      else this.fail(`the watch says ${event}`);
    } catch (error) {
      // The client library drops what a listener throws.
      this.fail((error as Error).message);
    }
    this.changed();
  }

  private take(object: KubernetesObject, sightings: Sighting[]): void {
    const facts = factsOf(this.kind, object);
    const { metadata } = object;
    this.seen.set(metadata.name, {
      revision: revisionOf(metadata),
      isThere: true,
      matters: facts !== undefined,
    });
    if (facts !== undefined) sightings.push(this.sighting(object, facts));
  }

  private drop(object: KubernetesObject): void {
    const { metadata } = object;
    if (this.seen.get(metadata.name)?.matters) this.after.push(this.sighting(object));
    this.seen.set(metadata.name, { revision: revisionOf(metadata), isThere: false, matters: false });
  }

  private sighting({ metadata }: KubernetesObject, facts?: Facts): Sighting {
    return {
      revision: revisionOf(metadata),
      member: this.member,
      kind: this.kind,
      name: metadata.name,
      facts,
    };
  }

  private fail(why: string): void {
    this.failure ??= new LabError(`${this.member}: objects of kind ${this.kind} cannot be watched: ${why}.`);
    this.changed();
  }

  private list() {
    const query = new URLSearchParams(selectors[this.kind]).toString();
    return list(this.kubeconfig, query === "" ? this.path : `${this.path}?${query}`);
  }
}

/** Milliseconds before a watch that has ended is asked for again. */
const resumeMs = 200;

const revisionOf = ({ resourceVersion }: { resourceVersion?: string }) => Number(resourceVersion);
