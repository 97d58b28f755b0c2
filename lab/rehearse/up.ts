/** One `up` in a process of its own, as a terminal's is: it can be stopped with all that it started, and its program is its own. */
import { fork } from "node:child_process";
import { join } from "node:path";
import type { EngineEvent, OutputMap } from "@pulumi/pulumi/automation";
import { projectRoot } from "../engine/stack";

export interface UpRequest {
  /** The lab's folder. */
  dir: string;
  bin: string;
  config: Record<string, unknown>;
  /** Folder of index.ts. */
  program: string;
}

export type UpMessage = { event: EngineEvent } | { outputs: OutputMap } | { failure: string };

export interface UpOptions {
  onEvent: (event: EngineEvent) => void;
  /** Ends the engine at once. */
  signal: AbortSignal;
}

/** @throws Error with what the engine said, when it fails */
export function up(request: UpRequest, { onEvent, signal }: UpOptions): Promise<OutputMap> {
  signal.throwIfAborted();
  const child = fork(join(__dirname, "up-process.ts"), [], {
    cwd: projectRoot,
    execArgv: ["--import", "tsx"],
    // A session of its own: Ctrl-C does not reach it, and all of it ends with one signal.
    detached: true,
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaint = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  const kill = () => process.kill(-child.pid!, "SIGKILL");
  signal.addEventListener("abort", kill);
  return new Promise<OutputMap>((resolve, reject) => {
    child.on("message", (message: UpMessage) => {
      try {
        if ("event" in message) onEvent(message.event);
        else if ("outputs" in message) resolve(message.outputs);
        else reject(new Error(message.failure));
      } catch (error) {
        // Thrown here, it would end this process before it has cleaned up.
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => {
      const reason = signal.aborted
        ? "stopped"
        : `the engine's process ended with ${code}: ${complaint.slice(-2000)}`;
      reject(new Error(reason));
    });
    child.send(request);
  }).finally(() => {
    signal.removeEventListener("abort", kill);
    if (child.connected) child.disconnect();
  });
}
