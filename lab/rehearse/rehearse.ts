/** `npm run rehearse`: what the next `pulumi up` of a stack does to live objects, seen on control planes of this machine. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError } from "../../mesh/problems";
import { UsageError } from "../../operate/usage";
import { projectRoot } from "../engine/stack";
import { LabError } from "../error";
import { readStackConfig } from "./config";
import { parseOptions, type RehearseOptions, usage } from "./options";
import { type Rehearsal, rehearse } from "./rehearsal";
import { type Comparison, toJson, toText } from "./report";
import { readWorkingTree, Revision } from "./revision";
import { changesNothing, stepBetween } from "./step";

async function main(options: RehearseOptions): Promise<void> {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.abort());
  // Standard output is the report.
  const report = (line: string) => void process.stderr.write(`${line}\n`);

  const revision = await Revision.of(projectRoot, options.from);
  const { before, after } = await configs(options.stack, revision);
  const changes = await revision.changes();
  const { stack } = options;
  const compared: Comparison = { stack, from: revision.name, isNew: before === undefined, ...changes };
  if (before && changesNothing(stepBetween(before, after)) && !changes.program) {
    return print(options, compared);
  }

  const folder = await mkdtemp(join(tmpdir(), "weft-rehearse-"));
  const programs = { before: changes.program ? join(folder, "program") : projectRoot, after: projectRoot };
  const dir = join(folder, "lab");
  try {
    if (changes.program) await revision.exportProgram(programs.before);
    print(options, compared, await rehearse({ dir, before, after, programs, report, signal: stop.signal }));
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new LabError("Stopped; nothing is left behind.");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function configs(stack: string, revision: Revision) {
  const file = `Pulumi.${stack}.yaml`;
  const [old, text] = [await revision.read(file), await readWorkingTree(projectRoot, file)];
  if (text === undefined) throw new LabError(`There is no ${file} here. Name a stack with --stack.`);
  return {
    before: old === undefined ? undefined : readStackConfig(old, `${file} of ${revision.name}`),
    after: readStackConfig(text, file),
  };
}

function print({ json }: RehearseOptions, compared: Comparison, rehearsal?: Rehearsal): void {
  console.log(json ? JSON.stringify(toJson(compared, rehearsal), null, 2) : toText(compared, rehearsal));
  if (rehearsal === undefined) return;
  process.exitCode = rehearsal.outcome === "done" && rehearsal.interruptions.length === 0 ? 0 : 1;
}

void (async () => {
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options === "help") console.log(usage);
    else await main(options);
  } catch (error) {
    console.error(
      error instanceof UsageError
        ? `${error.message}\n\n${usage}`
        : error instanceof LabError || error instanceof ConfigError
          ? error.message
          : error,
    );
    process.exitCode = 2;
  }
})();
