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
