/** One `pulumi up` in a process of its own, as a person's is: up.ts REQUEST, where REQUEST is a JSON file. Writes what the engine did when. */
import * as fs from "node:fs/promises";
import type { EngineEvent } from "@pulumi/pulumi/automation";
import { openStack } from "../lab/engine/stack";

export interface UpRequest {
  dir: string;
  bin: string;
  config: Record<string, unknown>;
  /** File for the timeline. */
  timeline: string;
}

/** What the engine did with one resource. Times are seconds since the process started. */
export interface Step {
  op: string;
  type: string;
  name: string;
  from: number;
  to: number;
}

export interface Timeline {
  /** Modules are loaded: index.ts with all that it imports. */
  loaded: number;
  /** The stack is open: the engine has been started for it and has ended again. */
  opened: number;
  /** The engine has begun the update. */
  engine: number;
  /** The last step is done. */
  converged: number;
  /** The engine has ended. */
  ended: number;
  steps: Step[];
}

/** Most steps wait for a cluster, not for this machine; the engine's default is four for each CPU. */
const PARALLEL = 256;

/** Seconds since this process started. */
const now = () => performance.now() / 1000;

async function main(file: string): Promise<void> {
  const loaded = now();
  const request = JSON.parse(await fs.readFile(file, "utf8")) as UpRequest;
  const stack = await openStack({ ...request, stack: "bench" });
  // What the Automation API asks the engine for after an update, and `pulumi up` does not.
  stack.outputs = () => Promise.resolve({});
  stack.info = () => Promise.resolve(undefined);
  const opened = now();
  const steps = new Map<string, Step>();
  let engine = 0;
  await stack.up({
    parallel: PARALLEL,
    onOutput: (text) => void process.stdout.write(text),
    onEvent: (event) => {
      engine ||= now();
      record(event, steps);
    },
  });
  const timeline: Timeline = {
    loaded,
    opened,
    engine,
    converged: Math.max(engine, ...[...steps.values()].map(({ to }) => to)),
    ended: now(),
    steps: [...steps.values()].sort((a, b) => a.from - b.from),
  };
  await fs.writeFile(request.timeline, JSON.stringify(timeline));
}

function record(event: EngineEvent, steps: Map<string, Step>): void {
  const started = event.resourcePreEvent?.metadata;
  // Components take no time of their own.
  if (started && (started.new ?? started.old)?.custom) {
    const { urn, type, op } = started;
    const name = urn.slice(urn.lastIndexOf("::") + 2);
    steps.set(`${op} ${urn}`, { op, type, name, from: now(), to: now() });
  }
  const ended = event.resOutputsEvent?.metadata;
  const step = ended && steps.get(`${ended.op} ${ended.urn}`);
  if (step) step.to = now();
}

main(process.argv[2]!).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
