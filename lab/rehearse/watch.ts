/** Watches what trust and reach depend on in the members, from one moment to another, and misses no state in between. */
import { setTimeout as pause } from "node:timers/promises";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { LabCluster } from "../control-plane";
import { Feed, kinds, type Sighting } from "./feed";
import { Istiods } from "./istiods";
import { World } from "./world";

export interface Watched {
  /** What there was at the beginning. */
  before: Sighting[];
  /** What came after, in the order in which it happened, over all members. */
  after: Sighting[];
}

export interface WatchOptions {
  /** Milliseconds after the step until the istiods are asked a last time: what its last change does to them takes a moment. @default 5 s */
  lingerMs?: number;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Longest wait for the istiods to know each other before the step, in milliseconds. */
const settleMs = 60_000;

export class MeshWatch {
  /** What the istiods do not tell, in sentences. */
  readonly notSeen: string[] = [];
  private readonly sightings: Sighting[] = [];
  /** How many of them were before the step. */
  private begun = 0;
  private latest = 0;
  private feeds: Feed[] = [];
  private readonly istiods: Istiods;

  private constructor(
    private readonly ways: ReadonlyMap<string, ResolvedKubeconfig>,
    private readonly options: WatchOptions,
  ) {
    this.istiods = new Istiods(ways, (member, facts) =>
      // It shows what was stored until now, and no more.
      this.see({ revision: this.latest, member, kind: "istiod", name: "reads", facts }),
    );
  }

  /**
   * Begins when the istiods hold all that they are to hold, or do not after a minute.
   * @throws LabError when an API server does not answer
   */
  static async start(clusters: readonly LabCluster[], options: WatchOptions = {}): Promise<MeshWatch> {
    const ways = clusters.map(
      async ({ name, kubeconfig }) =>
        [name, await resolveKubeconfig({ path: name, kubeconfigPath: kubeconfig })] as const,
    );
    const watch = new MeshWatch(new Map(await Promise.all(ways)), options);
    try {
      await watch.begin();
    } catch (error) {
      watch.stop();
      throw error;
    }
    return watch;
  }

  /** What happened until now, after all of it has arrived. */
  async finish(): Promise<Watched> {
    try {
      await this.pause(this.options.lingerMs ?? 5000);
      this.notSeen.push(...(await this.istiods.finish()));
      await Promise.all(this.feeds.map((feed) => feed.caughtUp()));
    } finally {
      this.stop();
    }
    return {
      before: this.sightings.slice(0, this.begun),
      after: this.sightings.slice(this.begun).sort((a, b) => a.revision - b.revision),
    };
  }

  stop(): void {
    this.istiods.stop();
    for (const feed of this.feeds) feed.stop();
  }

  private async begin(): Promise<void> {
    const feeds = [...this.ways].flatMap(([member, way]) =>
      kinds.map((kind) => new Feed(member, way, kind, (sighting) => this.see(sighting))),
    );
    this.feeds = feeds;
    const known = await Promise.all(feeds.map((feed) => feed.start()));
    // There is nothing to interrupt of a kind that the API server does not know.
    this.feeds = feeds.filter((_, index) => known[index]);
    for (const deadline = performance.now() + settleMs; ; await this.pause(300)) {
      const silent = await this.istiods.ask();
      if (silent.length === 0 && this.isSettled()) break;
      if (performance.now() < deadline) continue;
      if (silent.length === 0) {
        this.notSeen.push(
          "What the istiods lack of each other before the step already, after a minute: it is not judged.",
        );
      }
      break;
    }
    await this.istiods.follow();
    this.begun = this.sightings.length;
  }

  /** Whether every istiod that answers serves roots, and holds what it has keys for. */
  private isSettled(): boolean {
    const world = World.of(this.sightings);
    return [...this.ways.keys()].every(
      (reader) =>
        world.held(reader) === undefined ||
        (world.trusted(reader).length > 0 &&
          Object.keys(world.keys(reader)).every((peer) => {
            const held = world.held(reader)?.[peer];
            return held?.state === "synced" && held.lacking.length === 0;
          })),
    );
  }

  private see(sighting: Sighting): void {
    this.latest = Math.max(this.latest, sighting.revision);
    this.sightings.push(sighting);
  }

  private pause(ms: number): Promise<void> {
    return pause(ms, undefined, { signal: this.options.signal });
  }
}
