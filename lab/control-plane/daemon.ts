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

export interface DaemonArgs {
  /** Names it in errors. */
  readonly what: string;
  readonly command: Command;
  /** Its working directory. */
  readonly cwd: string;
  /** The one that was started last, if it is known. */
  readonly running: Daemon | undefined;
  /** Told of the one that is started in its place, before it is waited for. */
  readonly onStart: (daemon: Daemon) => void;
  readonly isReady: () => boolean | Promise<boolean>;
  /** Longest wait. Whoever ends before is noticed at once. */
  readonly timeoutMs: number;
}

/**
 * Sees to it that a daemon runs as its command says now, and waits until it is ready.
 * @throws LabError with the end of its log when it ends before, or `timeoutMs` is over
 */
export async function ensureDaemon(args: DaemonArgs): Promise<void> {
  const { command, cwd, onStart } = args;
  let { running } = args;
  if (!running || !isRunning(running) || running.command !== fingerprintOf(command)) {
    await stop(running);
    running = start(command, cwd);
    onStart(running);
  }
  await waitFor(args, running);
}

/** Starts a process in a session of its own, so that neither Ctrl-C nor the end of the terminal reaches it. */
function start(command: Command, cwd: string): Daemon {
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

async function waitFor({ what, command, isReady, timeoutMs }: DaemonArgs, daemon: Daemon): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isReady())) {
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
