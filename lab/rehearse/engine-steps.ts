/** What the engine did, step by step, from its events. Pure. */
import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";

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
  /** What the engine said was wrong. */
  readonly errors: string[] = [];

  take({ resOutputsEvent, resOpFailedEvent, diagnosticEvent }: EngineEvent): void {
    if (resOutputsEvent) this.add(resOutputsEvent.metadata);
    if (resOpFailedEvent) this.add(resOpFailedEvent.metadata, "failed");
    if (diagnosticEvent?.severity === "error" && !diagnosticEvent.ephemeral) {
      const text = diagnosticEvent.message.replace(/<\{%.*?%\}>/g, "").trim();
      // The engine tells the program's error again as its own.
      if (text !== "" && !this.errors.includes(text)) this.errors.push(text);
    }
  }

  private add(metadata: StepEventMetadata, failed?: "failed"): void {
    const { op, urn, type, provider, diffs, detailedDiff } = metadata;
    const done = failed ?? ops[op];
    // A component is nothing live, a provider neither.
    if (done === undefined || !(metadata.new ?? metadata.old)?.custom || type.startsWith("pulumi:")) return;
    // The engine sends null for what it has none of.
    const inputs = [...(diffs ?? []), ...Object.keys(detailedDiff ?? {})].map(
      (path) => path.split(/[.[]/)[0]!,
    );
    this.steps.push({
      number: this.steps.length + 1,
      op: done,
      type: type.split(":").at(-1)!,
      name: nameOf(urn),
      member: /::pulumi:providers:kubernetes::([^:]+)/.exec(provider)?.[1],
      inputs: done === "changed" || done === "replaced" ? [...new Set(inputs)].sort() : [],
    });
  }
}

const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);

export interface EngineLine {
  /** Such as `3` or `3-21`: the first and the last of them. */
  numbers: string;
  op: Op;
  member?: string;
  what: string;
}

/**
 * What was created or deleted in one member is one line, in the place of its first step; what was changed, replaced or failed is a
 * line of its own each.
 */
export function engineLines(steps: EngineStep[]): EngineLine[] {
  const groups = new Map<string, EngineStep[]>();
  for (const step of steps) {
    const { op, member, name, number } = step;
    const id = op === "created" || op === "deleted" ? `${op} ${member}` : `${name} ${number}`;
    groups.set(id, [...(groups.get(id) ?? []), step]);
  }
  return [...groups.values()].map((group) => {
    const [first, last] = [group[0]!, group.at(-1)!];
    return {
      numbers: first === last ? String(first.number) : `${first.number}-${last.number}`,
      op: first.op,
      member: first.member,
      what: group.length === 1 ? single(first) : types(group),
    };
  });
}

function single({ type, name, inputs }: EngineStep): string {
  return `${type} ${name}${inputs.length === 0 ? "" : ` (${inputs.join(", ")})`}`;
}

function types(steps: EngineStep[]): string {
  const counts = new Map<string, number>();
  for (const { type } of steps) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => (count === 1 ? type : `${count} ${type}`)).join(", ");
}
