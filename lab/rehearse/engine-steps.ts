/** What the engine did, step by step, from its events. Pure. */
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import { isLive, kindOf, nameOf, Progress } from "../engine/progress";

export type Op = "created" | "changed" | "deleted" | "replaced" | "failed";

export interface EngineStep {
  /** From 1, in the order in which the engine finished them. */
  number: number;
  op: Op;
  /** Such as `Secret`. */
  type: string;
  /** Pulumi's name of the resource. */
  name: string;
  /** Whose cluster it is in; undefined: in none. */
  member?: string;
  /** Names of the inputs that changed; never their values. */
  inputs: string[];
}

const ops: Record<string, Op> = {
  create: "created",
  update: "changed",
  delete: "deleted",
  "create-replacement": "replaced",
  "delete-replaced": "deleted",
};

export class EngineSteps {
  readonly steps: EngineStep[] = [];
  private readonly progress = new Progress();

  /** What the engine said was wrong. */
  get errors(): string[] {
    return this.progress.errors;
  }

  take(event: EngineEvent): void {
    this.progress.take(event);
    const { resOutputsEvent, resOpFailedEvent } = event;
    if (resOutputsEvent) this.add(resOutputsEvent.metadata, ops[resOutputsEvent.metadata.op]);
    if (resOpFailedEvent) this.add(resOpFailedEvent.metadata, "failed");
  }

  private add(metadata: StepEventMetadata, op: Op | undefined): void {
    if (op === undefined || !isLive(metadata)) return;
    const { urn, provider, diffs, detailedDiff } = metadata;
    // The engine sends null for what it has none of.
    const paths = [...(diffs ?? []), ...Object.keys(detailedDiff ?? {})];
    const inputs = new Set(paths.map((path) => path.split(/[.[]/)[0]!));
    this.steps.push({
      number: this.steps.length + 1,
      op,
      type: kindOf(metadata),
      name: nameOf(urn),
      member: /::pulumi:providers:kubernetes::([^:]+)/.exec(provider)?.[1],
      inputs: op === "changed" || op === "replaced" ? [...inputs].sort() : [],
    });
  }
}

/**
 * For a person. What was created or deleted in one member is one line, in the place of its first step; what was changed, replaced or
 * failed is a line of its own each.
 */
export function engineLines(steps: EngineStep[]): string[] {
  const groups: Record<string, EngineStep[]> = {};
  for (const step of steps) {
    const { op, member, number } = step;
    const isMany = op === "created" || op === "deleted";
    (groups[isMany ? `${op} ${member}` : `step ${number}`] ??= []).push(step);
  }
  return Object.values(groups).map((group) => {
    const [first, last] = [group[0]!, group.at(-1)!];
    const { op, member } = first;
    const numbers = first === last ? `${first.number}` : `${first.number}-${last.number}`;
    const mark = op === "replaced" || op === "failed" ? `${op.toUpperCase()}!` : op;
    const where = member === undefined ? "" : `${member}: `;
    return `${numbers.padStart(7)}  ${mark.padEnd(9)}  ${where}${group.length === 1 ? single(first) : types(group)}`;
  });
}

function single({ type, name, inputs }: EngineStep): string {
  return `${type} ${name}${inputs.length === 0 ? "" : ` (${inputs.join(", ")})`}`;
}

function types(steps: EngineStep[]): string {
  const all = steps.map(({ type }) => type);
  const counts = [...new Set(all)].map((type) => [type, all.filter((other) => other === type).length]);
  return counts.map(([type, count]) => (count === 1 ? type : `${count} ${type}`)).join(", ");
}
