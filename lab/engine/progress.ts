/** What the engine does, as a tree that a person can follow: one branch for each member, its running resources below it. */
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import colors from "picocolors";

const verbs: Record<string, string> = {
  create: "created",
  update: "updated",
  delete: "deleted",
  replace: "replaced",
  "create-replacement": "replaced",
  "delete-replaced": "deleted",
  refresh: "refreshed",
  read: "read",
};

interface Step {
  name: string;
  kind: string;
  op: string;
  startedAt: number;
  endedAt?: number;
  failed?: boolean;
}

/** Follows one update. Feed it every engine event; ask it for lines. */
export class Progress {
  private readonly parents = new Map<string, string>();
  private readonly steps = new Map<string, Step>();
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  constructor(private readonly now: () => number = Date.now) {}

  /** Takes one event; returns the line to print for it where no tree can be drawn. */
  take(event: EngineEvent): string | undefined {
    if (event.resourcePreEvent) this.start(event.resourcePreEvent.metadata);
    if (event.resOutputsEvent) return this.end(event.resOutputsEvent.metadata, false);
    if (event.resOpFailedEvent) return this.end(event.resOpFailedEvent.metadata, true);
    const diagnostic = event.diagnosticEvent;
    if (diagnostic && !diagnostic.ephemeral) {
      const text = stripMarkup(diagnostic.message).trim();
      // An inline program's error is reported twice: by its host, and by the engine that the host hands it to.
      if (diagnostic.severity === "error" && !this.errors.includes(text)) this.errors.push(text);
      if (diagnostic.severity === "warning" && !expected.some((form) => form.test(text)))
        this.warnings.push(text);
    }
    return undefined;
  }

  /** The tree as it stands now. */
  tree(): string {
    const branches = new Map<string, Step[]>();
    for (const [urn, step] of this.steps) {
      const branch = this.branchOf(urn);
      branches.set(branch, [...(branches.get(branch) ?? []), step]);
    }
    return [...branches]
      .sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
      .flatMap(([branch, steps]) => this.branchLines(branch, steps))
      .join("\n");
  }

  private branchLines(branch: string, steps: Step[]): string[] {
    const running = steps.filter((step) => step.endedAt === undefined);
    const failed = steps.some((step) => step.failed);
    const mark = failed ? colors.red("✘") : running.length > 0 ? colors.yellow("…") : colors.green("✔");
    const from = Math.min(...steps.map((step) => step.startedAt));
    const to = running.length > 0 ? this.now() : Math.max(...steps.map((step) => step.endedAt ?? 0));
    const done = `${steps.length - running.length}/${steps.length}`;
    const head = `${mark} ${branch.padEnd(24)} ${done.padStart(6)}  ${colors.dim(seconds(to - from))}`;
    return [
      head,
      ...running.map(
        (step, i) =>
          `  ${i === running.length - 1 ? "└" : "├"} ${step.kind} ${step.name} ${colors.dim(seconds(this.now() - step.startedAt))}`,
      ),
    ];
  }

  private start(metadata: StepEventMetadata): void {
    const parent = (metadata.new ?? metadata.old)?.parent;
    if (parent) this.parents.set(metadata.urn, parent);
    if (!isLive(metadata) || !(metadata.op in verbs)) return;
    this.steps.set(metadata.urn, {
      name: nameOf(metadata.urn),
      kind: kindOf(metadata),
      op: metadata.op,
      startedAt: this.now(),
    });
  }

  private end(metadata: StepEventMetadata, failed: boolean): string | undefined {
    const step = this.steps.get(metadata.urn);
    if (!step) return undefined;
    step.endedAt = this.now();
    step.failed = failed;
    const took = seconds(step.endedAt - step.startedAt);
    return `${failed ? "failed" : verbs[step.op]} ${step.kind} ${step.name} (${took})`;
  }

  /** The member (or other part) a resource belongs to: its ancestor just below the mesh. */
  private branchOf(urn: string): string {
    let branch = urn;
    for (let parent = this.parents.get(urn); parent && !isTrunk(parent); parent = this.parents.get(parent))
      branch = parent;
    return nameOf(branch);
  }
}

/** A component is nothing live, a provider neither. */
export const isLive = (metadata: StepEventMetadata) =>
  (metadata.new ?? metadata.old)?.custom === true && !metadata.type.startsWith("pulumi:");
/** Such as `Secret`. */
export const kindOf = ({ type }: StepEventMetadata) => type.slice(type.lastIndexOf(":") + 1);
export const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
const isTrunk = (urn: string) => /:(pulumi:pulumi:Stack|weft:mesh:Mesh)::/.test(urn);
const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(1)} s`;
/** Warnings of what the lab means to happen. */
const expected = [
  // It has put the plugin there, and says so itself.
  /^using pulumi-resource-\S+ from \$PATH/,
  // The newest one that can be built: lab/README.md says what it does otherwise.
  /^resource plugin kubernetes is expected to have version >=\S+, but has /,
  // components/interrupted/ finds what a killed engine has left.
  /^Attempting to deploy or update resources with \d+ pending operations/,
  // Of a cluster that leaves, and is thrown away.
  /^Helm uninstall returned information: "These resources were kept/,
];
/** Engine messages carry `<{%reset%}>`-like colour marks. */
const stripMarkup = (text: string) => text.replace(/<\{%.*?%\}>/g, "");
