/** Asks the istiods of all members, again and again, what they read of each other and hold of it. */
import { setTimeout as pause } from "node:timers/promises";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import type { IstiodView } from "../../operate/facts/facts";
import { ServiceLists } from "../../operate/facts/services";
import { readViews } from "../../operate/facts/views";
import type { Facts, Held } from "./facts";

/** Milliseconds from one round to the next. */
const everyMs = 300;
const options = { timeoutMs: 30_000, reachMs: 10_000, againMs: 500 };

type Services = ReadonlyMap<string, ReadonlySet<string>>;

export class Istiods {
  /** The Services of each member that count; undefined: all. One that comes takes its time to get to the others. */
  private counted?: Services;
  private readonly ended = new AbortController();
  private rounds?: Promise<void>;

  constructor(
    private readonly ways: ReadonlyMap<string, ResolvedKubeconfig>,
    private readonly see: (member: string, facts: Facts) => void,
  ) {}

  /** From now on only the Services count that there are now. */
  async follow(): Promise<void> {
    const live = await this.services().of([...this.ways.keys()], "first");
    this.counted = new Map(
      [...live].map(([member, found]) => [
        member,
        new Set(found.known ? found.value.map(({ name }) => name) : []),
      ]),
    );
    this.rounds = (async () => {
      while (!this.ended.signal.aborted) {
        await this.ask();
        await pause(everyMs, undefined, { signal: this.ended.signal }).catch(() => {});
      }
    })();
    // Told when it is finished.
    this.rounds.catch(() => {});
  }

  /**
   * Asks them a last time.
   * @returns a sentence for each member whose istiods are ready and still do not answer
   */
  async finish(): Promise<string[]> {
    this.stop();
    await this.rounds;
    for (const deadline = performance.now() + options.reachMs; ; await pause(everyMs)) {
      const silent = await this.ask();
      if (silent.length === 0 || performance.now() > deadline) return silent;
    }
  }

  stop(): void {
    this.ended.abort();
  }

  /** @returns a sentence for each member whose istiods are ready and do not answer: their pods may be about to go. */
  async ask(): Promise<string[]> {
    const services = this.services();
    const silent = await Promise.all(
      [...this.ways].map(async ([reader, way]) => {
        const peers = [...this.ways.keys()].filter((name) => name !== reader);
        const views = await readViews(way, peers, services, options);
        // That no istiod is ready is told by its Deployment.
        if (!views.known) return [];
        const peersHeld = heldBy(views.value, this.counted);
        if (typeof peersHeld === "string")
          return [`${reader}: what its istiod holds of its peers: ${peersHeld}.`];
        this.see(reader, { kind: "Istiod", peers: peersHeld });
        return [];
      }),
    );
    return silent.flat();
  }

  private services(): ServiceLists {
    return new ServiceLists(this.ways, options.timeoutMs);
  }
}

/**
 * What a member's istiods hold, those that answer: of each peer the least that any of them does.
 * @param counted Services by peer, others may be lacking; undefined: all count.
 * @returns why it is not known, where none answers
 */
export function heldBy(replicas: IstiodView[], counted?: Services): Record<string, Held> | string {
  const answers = replicas.flatMap(({ peers }) => (peers.known ? [peers.value] : []));
  if (answers.length === 0) return replicas.flatMap(({ peers }) => (peers.known ? [] : [peers.reason]))[0]!;
  const held: Record<string, Held> = {};
  for (const peer of new Set(answers.flatMap((peers) => [...peers.keys()]).sort())) {
    const views = answers.map((peers) => peers.get(peer));
    const counts = (service: string) => counted === undefined || counted.get(peer)?.has(service) === true;
    const lacking = new Set<string>();
    for (const services of views.flatMap((view) => view?.services ?? [])) {
      if (!services.known) return services.reason;
      for (const service of services.value.lacking.filter(counts)) lacking.add(service);
    }
    const states = views.map((view) => view?.state ?? "not read");
    const state = states.find((state) => state !== "synced") ?? "synced";
    held[peer] = { state, lacking: [...lacking].sort() };
  }
  return held;
}
