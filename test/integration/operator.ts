/**
 * Runs the engine's operations in a process of its own, as a user's terminal does. Within Jest an inline program that throws, or a
 * promise of it that the end of the engine rejects, would count as an error of the test file.
 */
import { type ChildProcess, fork } from "node:child_process";
import * as path from "node:path";
import type {
  DestroyResult,
  EngineEvent,
  PreviewResult,
  RefreshResult,
  Stack,
  UpResult,
} from "@pulumi/pulumi/automation";
import { type LabStackArgs, openStack } from "../../lab/engine/stack";

export type Operation = "preview" | "up" | "refresh" | "destroy";

/** What goes to an operation as it is. */
interface Settings {
  parallel?: number;
  policyPacks?: string[];
  expectNoChanges?: boolean;
  refresh?: boolean;
  clearPendingCreates?: boolean;
}

export interface OperationOptions extends Settings {
  /** Environment variables for this operation. */
  env?: Record<string, string>;
  onOutput?: (text: string) => void;
  onError?: (text: string) => void;
  onEvent?: (event: EngineEvent) => void;
}

export interface Request {
  dir: string;
  stack: string;
  bin: string;
  /** File whose default export is the program; default: Weft's. */
  program?: string;
  operation: Operation;
  options: Settings;
  env?: Record<string, string>;
}

export interface Message {
  output?: string;
  error?: string;
  event?: EngineEvent;
  result?: unknown;
  failure?: string;
}

export class Operator {
  private process?: ChildProcess;

  /** @throws Error with what the engine said, when the operation fails. */
  run(request: Request, { onOutput, onError, onEvent }: OperationOptions): Promise<unknown> {
    const child = this.start();
    return new Promise((resolve, reject) => {
      const settle = () => void child.off("message", hear).off("exit", exited);
      const hear = ({ output, error, event, result, failure }: Message) => {
        if (output !== undefined) onOutput?.(output);
        if (error !== undefined) onError?.(error);
        if (event !== undefined) onEvent?.(event);
        if (result === undefined && failure === undefined) return;
        settle();
        if (failure === undefined) resolve(result);
        else reject(new Error(failure));
      };
      const exited = (code: number | null) => {
        settle();
        reject(new Error(`the process that runs operations ended with ${code} in ${request.operation}`));
      };
      child.on("message", hear).on("exit", exited);
      child.send(request);
    });
  }

  stop(): void {
    if (this.process?.connected) this.process.disconnect();
  }

  /** Ends the program in the middle of what it does. */
  kill(): void {
    this.process?.kill("SIGKILL");
  }

  private start(): ChildProcess {
    if (!this.process?.connected) {
      this.process = fork(path.join(__dirname, "operator-process.ts"), [], { execArgv: ["--import", "tsx"] });
    }
    return this.process;
  }
}

/** A stack of which the engine's operations run by an operator; its state is read here. */
export class TestStack {
  private constructor(
    private readonly operator: Operator,
    private readonly args: Pick<Request, "dir" | "stack" | "bin" | "program">,
    private readonly stack: Stack,
  ) {}

  static async open(
    operator: Operator,
    { program, ...args }: Omit<LabStackArgs, "program"> & Pick<Request, "program">,
  ): Promise<TestStack> {
    const { dir, stack, bin } = args;
    return new TestStack(operator, { dir, stack, bin, program }, await openStack(args));
  }

  preview(options: OperationOptions = {}): Promise<PreviewResult> {
    return this.run("preview", options) as Promise<PreviewResult>;
  }

  up(options: OperationOptions = {}): Promise<UpResult> {
    return this.run("up", options) as Promise<UpResult>;
  }

  refresh(options: OperationOptions = {}): Promise<RefreshResult> {
    return this.run("refresh", options) as Promise<RefreshResult>;
  }

  destroy(options: OperationOptions = {}): Promise<DestroyResult> {
    return this.run("destroy", options) as Promise<DestroyResult>;
  }

  outputs: Stack["outputs"] = () => this.stack.outputs();
  exportStack: Stack["exportStack"] = () => this.stack.exportStack();
  importStack: Stack["importStack"] = (deployment) => this.stack.importStack(deployment);
  setConfig: Stack["setConfig"] = (key, value, path) => this.stack.setConfig(key, value, path);

  private run(operation: Operation, options: OperationOptions): Promise<unknown> {
    const { parallel, policyPacks, expectNoChanges, refresh, clearPendingCreates, env } = options;
    return this.operator.run(
      {
        ...this.args,
        operation,
        options: { parallel, policyPacks, expectNoChanges, refresh, clearPendingCreates },
        env,
      },
      options,
    );
  }
}
