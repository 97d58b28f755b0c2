import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isRunning, type ProcessIdentity } from "../processes";
import { LabError } from "../error";
import { fingerprint } from "../toolchain/cache";

/** A process that outlives the one that started it. */
export interface Daemon extends ProcessIdentity {
  /** Differs when it would be started in another way now. */
  readonly command: string;
}

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Files that it reads when it starts. */
  readonly reads: readonly string[];
  /** Takes what it prints, of this start only. */
  readonly log: string;
}

const POLL_MS = 20;

/** Whether the daemon runs, and as `command` says. */
export function isUpToDate(daemon: Daemon | undefined, command: Command): daemon is Daemon {
  return daemon !== undefined && isRunning(daemon) && daemon.command === fingerprintOf(command);
}

/** Starts a process in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
export function start(command: Command, cwd: string): Daemon {
  const log = openSync(command.log, "w", 0o600);
  try {
    const child = spawn(command.program, command.args, {
      cwd,
      // Nothing of the caller's environment (KUBECONFIG, proxies, Go's debugging switches) changes how it runs.
      env: { PATH: process.env.PATH, HOME: cwd, ...command.env },
      detached: true,
      stdio: ["ignore", log, log],
    });
    child.unref();
    // Told by `identify` below; without a listener it would end this process.
    child.once("error", () => {});
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (!identity) throw new LabError(`${command.program} cannot be started.`);
    return { ...identity, command: fingerprintOf(command) };
  } finally {
    closeSync(log);
  }
}

/** Ends the process, with what it has started itself, and waits until it is gone. What a lab's processes hold is thrown away, so nothing asks them to end gently. */
export async function stop(daemon: ProcessIdentity | undefined): Promise<void> {
  if (!daemon || !isRunning(daemon)) return;
  // A daemon leads a group of its own.
  process.kill(-daemon.pid, "SIGKILL");
  while (isRunning(daemon)) await sleep(POLL_MS);
}

/**
 * Waits until `condition` holds.
 * @throws LabError with the end of the log when the process ends before, or when `timeoutMs` is over
 */
export async function waitFor(
  what: string,
  daemon: ProcessIdentity,
  command: Command,
  timeoutMs: number,
  condition: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    const ended = !isRunning(daemon);
    if (ended || Date.now() > deadline) {
      const problem = ended ? "the process has ended" : `not ready within ${timeoutMs / 1000} s`;
      throw new LabError(`${what}: ${problem}. The end of its log, ${command.log}:\n${tail(command.log)}`);
    }
    await sleep(POLL_MS);
  }
}

function tail(file: string): string {
  return readFileSync(file, "utf8").trim().split("\n").slice(-5).join("\n");
}

function fingerprintOf({ program, args, env, reads }: Command): string {
  return fingerprint(JSON.stringify([program, args, env]), ...reads.map((file) => readFileSync(file)));
}
