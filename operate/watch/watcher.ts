/** Looks at the mesh again and again, and holds what the last look saw. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { ConfigError } from "../../mesh/problems";
import type { MeshFacts } from "../facts/facts";
import { judgeMesh } from "../report";
import { headline } from "../report-text";
import { exposition } from "./metrics";

export interface Sources {
  /** The mesh as stack config has it now. @throws ConfigError */
  mesh: (warn: (message: string) => void) => Promise<MeshSpec>;
  facts: (mesh: MeshSpec) => Promise<MeshFacts>;
  now: () => Date;
  /** Told what has changed since the last look, in a line or more. */
  tell: (message: string) => void;
}

/** Milliseconds: the time of a few looks, however short the interval, at members that answer in the last moment that they have. */
const patienceMs = 180_000;

export class Watcher {
  private mesh: MeshSpec | undefined;
  private seen: string | undefined;
  private told = new Set<string>();
  private aliveAt: Date;

  constructor(
    private readonly sources: Sources,
    private readonly intervalMs: number,
  ) {
    this.aliveAt = sources.now();
  }

  /** What Prometheus scrapes; undefined before the end of the first look. */
  get metrics(): string | undefined {
    return this.seen;
  }

  /** Whether the last look, or the beginning of the first, is less than three intervals ago; never doubted within 3 minutes. */
  get isAlive(): boolean {
    const age = this.sources.now().getTime() - this.aliveAt.getTime();
    return age < Math.max(3 * this.intervalMs, patienceMs);
  }

  /**
   * A member that has left stack config is left out; where that cannot be read, the members are those of the last time.
   * @throws ConfigError where it could never be read
   */
  async look(): Promise<void> {
    const messages = new Set<string>();
    const began = this.sources.now();
    const { mesh, isCurrent } = await this.readMesh((message) => messages.add(message));
    const facts = await this.sources.facts(mesh);
    const ended = this.sources.now();
    const report = judgeMesh(mesh, facts, ended);
    this.seen = await exposition({ mesh, isCurrent, facts, report, began, ended });
    this.aliveAt = ended;
    messages.add(headline(report));
    for (const message of messages) if (!this.told.has(message)) this.sources.tell(message);
    this.told = messages;
  }

  private async readMesh(warn: (message: string) => void): Promise<{ mesh: MeshSpec; isCurrent: boolean }> {
    try {
      this.mesh = await this.sources.mesh(warn);
      return { mesh: this.mesh, isCurrent: true };
    } catch (error) {
      if (!(error instanceof ConfigError) || this.mesh === undefined) throw error;
      warn(error.message);
      return { mesh: this.mesh, isCurrent: false };
    }
  }
}
