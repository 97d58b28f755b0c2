/** One step of a mesh, taken on control planes that are there for nothing else. */
import { rm } from "node:fs/promises";
import type { OutputMap } from "@pulumi/pulumi/automation";
import { z } from "zod";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { ConfigError } from "../../mesh/problems";
import { istio as istioSchema } from "../../mesh/schema/istio";
import { startCertManager } from "../cert-manager/process";
import { type LabCluster, startLab, stopLab } from "../control-plane";
import { labConfig, type StackFile } from "../engine/config";
import { chooseParts, type Parts } from "../engine/parts";
import { LabError } from "../error";
import { availableMemory, checkCapacity } from "./capacity";
import { type StackConfig, withoutCredentials } from "./config";
import { type EngineStep, EngineSteps } from "./engine-steps";
import type { Roles } from "./expectations";
import { type Event, eventsOf, type Interruption, interruptionsOf } from "./interruptions";
import { StandIns } from "./stand-ins";
import { movedApiServers, notRehearsed, type Step, stepBetween } from "./step";
import { up } from "./up";
import { MeshWatch } from "./watch";

export interface RehearsalArgs {
  /** Folder for the lab; made, and gone again afterwards. */
  dir: string;
  /** The config that the stack runs; undefined: it is a new stack. */
  before?: StackConfig;
  after: StackConfig;
  /** Folders of the two programs. */
  programs: { before: string; after: string };
  /** Takes one line of progress. */
  report: (line: string) => void;
  /** Ends it, leaving nothing behind. */
  signal: AbortSignal;
}

export interface Rehearsal {
  step: Step;
  /** What of the step the lab does not show, in sentences. */
  notRehearsed: string[];
  /** What was real, and what a double; undefined: nothing was started. */
  parts?: string;
  /** `refused`: by the program, before it changed anything. */
  outcome: "done" | "refused" | "failed";
  /** What the program or the engine said, where it is not done. */
  problem?: string;
  steps: EngineStep[];
  events: Event[];
  interruptions: Interruption[];
  /** Of the step alone. */
  seconds: number;
}

/** @throws LabError when the step cannot be rehearsed */
export async function rehearse(args: RehearsalArgs): Promise<Rehearsal> {
  const { dir, before, after } = args;
  const standIns = new StandIns();
  const files = {
    before: before && (await withoutCredentials(before, standIns)),
    after: await withoutCredentials(after, standIns),
  };
  const step = stepBetween(before, after);
  const nothing = {
    step,
    notRehearsed: notRehearsed(step, after),
    steps: [],
    events: [],
    interruptions: [],
    seconds: 0,
  };
  const parsed = parse(files.after);
  if (parsed instanceof ConfigError) return { ...nothing, outcome: "refused", problem: parsed.message };

  const names = [...new Set([...namesOf(files.before), ...namesOf(files.after)])];
  checkCapacity(names.length, availableMemory());
  try {
    const lab = await startLab({ dir, clusters: names, report: args.report });
    return { ...nothing, ...(await takeStep({ ...args, lab, files, step, mesh: parsed })) };
  } finally {
    await stopLab(dir);
    await rm(dir, { recursive: true, force: true });
  }
}

interface Stage extends RehearsalArgs {
  lab: LabCluster[];
  files: { before?: StackFile; after: StackFile };
  step: Step;
  mesh: MeshSpec;
}

async function takeStep(stage: Stage): Promise<Partial<Rehearsal> & Pick<Rehearsal, "outcome">> {
  const { files, lab, report, signal } = stage;
  const roles = files.before === undefined ? {} : await convergeBefore(stage, files.before);

  const watch = await MeshWatch.start(lab, { signal });
  try {
    report("the step: converging the working tree");
    const engine = new EngineSteps();
    const started = performance.now();
    const { parts, run } = await prepare(
      stage,
      files.after,
      stage.programs.after,
      movedApiServers(stage.step),
    );
    const problem = await run((event) => engine.take(event)).then(
      () => undefined,
      (error: Error) => {
        signal.throwIfAborted();
        return engine.errors.join("\n\n") || error.message;
      },
    );
    const seconds = (performance.now() - started) / 1000;
    const watched = await watch.finish();
    return {
      parts: parts.summary,
      notRehearsed: [...notRehearsed(stage.step, stage.after), ...otherIstio(stage, parts), ...watch.notSeen],
      outcome: problem === undefined ? "done" : isRefusal(problem, engine) ? "refused" : "failed",
      problem,
      steps: engine.steps,
      events: files.before === undefined ? [] : eventsOf(watched),
      interruptions: interruptionsOf(watched, roles, stage.mesh),
      seconds,
    };
  } finally {
    watch.stop();
  }
}

/** @returns the roles of the members that there are then */
async function convergeBefore(stage: Stage, file: StackFile): Promise<Roles> {
  stage.report("before the step: converging");
  const engine = new EngineSteps();
  const { run } = await prepare(stage, file, stage.programs.before);
  const outputs = await run((event) => engine.take(event)).catch((error: Error) => {
    stage.signal.throwIfAborted();
    throw new LabError(
      `The mesh before the step does not converge here, so there is nothing to step from:\n${engine.errors.join("\n\n") || error.message}`,
    );
  });
  return rolesIn(outputs);
}

/** @param moved members whose peers reach their API servers by another name. */
async function prepare(stage: Stage, file: StackFile, program: string, moved: string[] = []) {
  const { dir, lab, report, signal } = stage;
  const wanted = labConfig(file, {});
  const { plugins, istio, metallb, certManager } = wanted;
  const parts = await chooseParts({ dir, plugins, istio, metallb, report });
  if (certManager) await startCertManager({ dir, ...certManager, report });
  const removing = file.config["weft:mesh"]?.removing;
  const config = wanted.config(lab, parts, Array.isArray(removing) ? (removing as string[]) : []);
  for (const entry of config["weft:clusters"] as { name: string; apiServer?: string }[]) {
    if (moved.includes(entry.name)) entry.apiServer = byName(lab.find(({ name }) => name === entry.name)!);
  }
  const run = (onEvent: Parameters<typeof up>[1]["onEvent"]) =>
    up({ dir, bin: parts.bin, config, program }, { onEvent, signal });
  return { parts, run };
}

/** The same API server at another URL. */
const byName = ({ apiServer }: LabCluster) => apiServer.replace("127.0.0.1", "localhost");

function parse({ config }: StackFile): MeshSpec | ConfigError {
  try {
    return parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] });
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

const namesOf = (file?: StackFile) => file?.config["weft:clusters"].map(({ name }) => name) ?? [];

const outputsSchema = z.object({
  members: z.object({ value: z.record(z.string(), z.object({ role: z.enum(["primary", "remote"]) })) }),
});

function rolesIn(outputs: OutputMap): Roles {
  const members = outputsSchema.safeParse(outputs).data?.members.value;
  if (members === undefined)
    throw new LabError("The program before the step has no output `members`: it cannot be compared.");
  return Object.fromEntries(Object.entries(members).map(([name, { role }]) => [name, role]));
}

/** As mesh/problems.ts begins what it refuses. */
function isRefusal(problem: string, { steps }: EngineSteps): boolean {
  return steps.length === 0 && problem.includes("nothing was changed");
}

/** What a new version of Istio changes does not show: a lab has one, before and after the step. */
function otherIstio({ step, after }: Stage, { istio: { version } }: Parts): string[] {
  const paths = [...step.mesh, ...Object.values(step.changing).flat()];
  if (!paths.some((path) => /^istio\.(version|charts)/.test(path))) return [];
  const named = [after.mesh, ...after.clusters].map(
    ({ istio }) => istioSchema.partial().safeParse(istio).data,
  );
  const others = new Set(named.flatMap((istio) => istio?.version ?? []).filter((other) => other !== version));
  if (others.size === 0) return [];
  return [
    `What Istio ${[...others].join(" and ")} changes: Istio ${version} runs here before and after the step.`,
  ];
}
