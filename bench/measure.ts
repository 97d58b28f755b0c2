/** Runs one program and measures it with all that it starts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import { parseTimes, treeMemory } from "./process-tree";

export interface Measurement {
  /** Wall time from start to end, in seconds. */
  seconds: number;
  /** User and system time of the process and all its descendants, in seconds. */
  cpuSeconds: number;
  /** The highest sum of the proportional set sizes of all its processes that was seen, in MiB. */
  peakMiB: number;
}

export interface Program {
  command: string[];
  env: NodeJS.ProcessEnv;
  /** Folder to run in. */
  cwd: string;
  /** Takes what it prints. Beside it stays what it cost. */
  log: string;
}

/** How often memory is looked at, in milliseconds: adding up a tree of ten processes takes some milliseconds of CPU. */
const SAMPLE_INTERVAL = 250;

/**
 * The CPU time is that of all children of a shell, as the kernel counted it: nothing is lost between two samples. It holds what its
 * children waited for, which the engine does for its plugins, and the script for its commands.
 *
 * @throws Error with the end of the log when the program fails
 */
export async function measure({ command, env, cwd, log }: Program): Promise<Measurement> {
  const output = await fs.open(log, "w", 0o600);
  const times = `${log}.times`;
  try {
    const started = process.hrtime.bigint();
    const shell = spawn(
      "bash",
      ["-c", 'out=$1; shift; "$@"; s=$?; times >"$out"; exit $s', "bash", times, ...command],
      {
        cwd,
        env,
        stdio: ["ignore", output.fd, output.fd],
      },
    );
    const ended = once(shell, "exit");
    let peakMiB = 0;
    const sampler = setInterval(() => {
      peakMiB = Math.max(peakMiB, treeMemory(shell.pid!));
    }, SAMPLE_INTERVAL);
    const [code] = (await ended.finally(() => clearInterval(sampler))) as [number | null];
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    if (code !== 0) throw new Error(`${command.join(" ")} failed:\n${await tail(log)}`);
    const { user, system } = parseTimes(await fs.readFile(times, "utf8"));
    return { seconds, cpuSeconds: user + system, peakMiB };
  } finally {
    await output.close();
  }
}

async function tail(file: string): Promise<string> {
  return (await fs.readFile(file, "utf8")).trim().split("\n").slice(-20).join("\n");
}
