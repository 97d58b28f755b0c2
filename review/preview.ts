/**
 * What the engine says of a preview: `pulumi preview --json` with PULUMI_ENABLE_STREAMING_JSON_PREVIEW, which prints one
 * event a line. Without the variable it prints a digest that has no word of the policy pack. Pure.
 * https://github.com/pulumi/pulumi/blob/master/sdk/go/common/apitype/events.go
 */
import { z } from "zod";
import { ReviewError } from "./error";

export interface Preview {
  /** Every resource of the stack, the unchanged ones too, in the order in which the engine came to them. */
  resources: Resource[];
  violations: Violation[];
  /** What the engine or the program says is wrong. */
  errors: string[];
  warnings: string[];
  /** Policy packs that were run: `weft@0.1.0`. */
  policyPacks: string[];
  /** The engine came to an end; it does so when it fails, too. */
  ended: boolean;
}

export type Op = "create" | "update" | "replace" | "delete" | "same";

export interface Resource {
  urn: string;
  type: string;
  /** The last part of its URN. */
  name: string;
  parent?: string;
  /** Not a component. */
  custom: boolean;
  op: Op;
  /** As the last `up` left it; undefined where it is new. */
  before?: State;
  /** As it will be; undefined where it leaves. */
  after?: State;
  /** Properties that change, as paths; never values. */
  paths: string[];
}

export interface State {
  inputs: Record<string, unknown>;
  /** In a preview, those that are known. */
  outputs: Record<string, unknown>;
}

export interface Violation {
  policy: string;
  mandatory: boolean;
  message: string;
}

const state = z.object({
  custom: z.boolean().default(false),
  parent: z.string().default(""),
  inputs: z.record(z.string(), z.unknown()).nullish(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});

const step = z.object({
  metadata: z.object({
    op: z.string(),
    urn: z.string(),
    type: z.string(),
    old: state.nullish(),
    new: state.nullish(),
    keys: z.array(z.string()).nullish(),
    diffs: z.array(z.string()).nullish(),
    detailedDiff: z.record(z.string(), z.unknown()).nullish(),
  }),
});
type Metadata = z.output<typeof step>["metadata"];

/** Events of other kinds are of no interest to a reviewer. */
const event = z.object({
  sequence: z.number(),
  resourcePreEvent: step.optional(),
  resOutputsEvent: step.optional(),
  diagnosticEvent: z
    .object({ message: z.string(), severity: z.string(), ephemeral: z.boolean().optional() })
    .optional(),
  policyEvent: z
    .object({ policyName: z.string(), message: z.string(), enforcementLevel: z.string() })
    .optional(),
  summaryEvent: z.object({ PolicyPacks: z.record(z.string(), z.string()).nullish() }).optional(),
});

/**
 * @param text empty where the engine never got to its first event.
 * @throws ReviewError on anything that is not a stream of engine events.
 */
export function parsePreview(text: string): Preview {
  const events = text
    .split("\n")
    .flatMap((line, index) => (line.trim() === "" ? [] : parseLine(line, index + 1)));
  const diagnostics = events.flatMap(({ diagnosticEvent }) =>
    diagnosticEvent === undefined || diagnosticEvent.ephemeral ? [] : diagnosticEvent,
  );
  const said = (severity: string) => [
    ...new Set(diagnostics.filter((one) => one.severity === severity).map(({ message }) => plain(message))),
  ];
  const summary = events.find(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent;
  return {
    resources: resourcesOf(events.flatMap((one) => one.resourcePreEvent ?? one.resOutputsEvent ?? [])),
    violations: events.flatMap(({ policyEvent }) =>
      policyEvent === undefined
        ? []
        : {
            policy: policyEvent.policyName,
            mandatory: policyEvent.enforcementLevel === "mandatory",
            message: plain(policyEvent.message),
          },
    ),
    errors: said("error").filter((message) => message !== engineFailed),
    warnings: said("warning").filter((message) => !pluginOnPath.test(message)),
    // `weft|local|/home/…/policies` for a pack in a folder.
    policyPacks: Object.entries(summary?.PolicyPacks ?? {}).map(
      ([name, version]) => `${name.split("|")[0]}@${version}`,
    ),
    ended: summary !== undefined,
  };
}

/** Why no `up` would follow this preview; empty where one could. */
export function reasonsToFail({ errors, violations, ended }: Preview): string[] {
  const reasons = [
    ...errors,
    ...violations.filter(({ mandatory }) => mandatory).map(({ message }) => message),
  ];
  return reasons.length > 0 || ended ? reasons : ["The preview did not come to an end."];
}

/** What the engine says last, after it has said why. */
const engineFailed = "preview failed";
/** About the machine that runs the preview, not about the mesh. */
const pluginOnPath = /^using pulumi-\S+ from \$PATH at /;

function parseLine(line: string, number: number): z.output<typeof event> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    json = undefined;
  }
  const parsed = event.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new ReviewError(
    `Line ${number} of the preview is no event of Pulumi's engine. ` +
      "Make it with `PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json`.",
  );
}

/** A replacement is several steps of one resource, and what a step did is told after it was announced. */
function resourcesOf(steps: z.output<typeof step>[]): Resource[] {
  const byUrn = new Map<string, Metadata[]>();
  for (const { metadata } of steps) byUrn.set(metadata.urn, [...(byUrn.get(metadata.urn) ?? []), metadata]);
  return [...byUrn].map(([urn, told]) => {
    const op = opOf(told);
    const old = told.findLast((one) => one.old)?.old ?? undefined;
    const fresh = told.findLast((one) => one.new)?.new ?? undefined;
    const last = fresh ?? old;
    return {
      urn,
      type: told[0]!.type,
      name: urn.slice(urn.lastIndexOf("::") + 2),
      ...(last?.parent ? { parent: last.parent } : {}),
      custom: last?.custom ?? false,
      op,
      ...(old && op !== "create" ? { before: stateOf(old) } : {}),
      ...(fresh && op !== "delete" ? { after: stateOf(fresh) } : {}),
      paths: pathsOf(told),
    };
  });
}

function opOf(told: Metadata[]): Op {
  const ops = told.map(({ op }) => op);
  if (ops.some((op) => op.includes("replace"))) return "replace";
  const change = (["update", "create"] as const).find((op) => ops.includes(op));
  if (change !== undefined) return change;
  return ops.every((op) => op === "delete") ? "delete" : "same";
}

function stateOf({ inputs, outputs }: z.output<typeof state>): State {
  return { inputs: inputs ?? {}, outputs: outputs ?? {} };
}

function pathsOf(told: Metadata[]): string[] {
  const detailed = told.flatMap(({ detailedDiff }) => Object.keys(detailedDiff ?? {}));
  const coarse = told.flatMap(({ diffs, keys }) => [...(diffs ?? []), ...(keys ?? [])]);
  return [...new Set(detailed.length > 0 ? detailed : coarse)].sort();
}

/** Without the engine's colour marks (`<{%reset%}>`) and what is blank at the ends. */
function plain(message: string): string {
  return message.replace(/<\{%.*?%\}>/g, "").trim();
}
