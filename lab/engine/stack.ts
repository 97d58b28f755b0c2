/** Pulumi's own engine, driving the unchanged program at the project's root through the Automation API. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import * as automation from "@pulumi/pulumi/automation";
import { parseDocument } from "yaml";
import weft from "../../index";
import { contentsOf, replaceFile } from "../files";

/** The folder that holds Pulumi.yaml and index.ts. */
export const projectRoot = path.resolve(__dirname, "../..");

export interface LabStackArgs {
  /** Folder for state, stack config and passphrase; made when it is not there. */
  dir: string;
  /** Name of the stack. */
  stack: string;
  /** Stack config, by full key (`weft:mesh`). */
  config: Record<string, unknown>;
  /** Folder of the `pulumi` program and of plugins that go before Pulumi's own. */
  bin: string;
  /** The program; default: index.ts. */
  program?: automation.PulumiFn;
}

/**
 * Opens the stack, creating it where it does not exist, and gives it this config. State is kept in files under `dir`, its secrets
 * encrypted with a passphrase made for this lab. One process at a time may use a folder.
 */
export async function openStack(args: LabStackArgs): Promise<automation.Stack> {
  withoutSourceMaps();
  const workDir = path.join(args.dir, "stack");
  const state = stateOf(args.dir);
  await fs.mkdir(workDir, { recursive: true });
  await fs.mkdir(state, { recursive: true });
  const temporary = temporaryOf(args.dir);
  await fs.rm(temporary, { recursive: true, force: true });
  await fs.mkdir(temporary);
  await fs.copyFile(path.join(projectRoot, "Pulumi.yaml"), path.join(workDir, "Pulumi.yaml"));
  await writeStackConfig(path.join(workDir, `Pulumi.${args.stack}.yaml`), args.config);

  const pulumiCommand = await automation.PulumiCommand.get({ root: path.dirname(args.bin) });
  const stack = await automation.LocalWorkspace.createOrSelectStack(
    { stackName: args.stack, projectName: "weft", program: args.program ?? weft },
    {
      workDir,
      pulumiCommand,
      envVars: {
        PULUMI_BACKEND_URL: backendUrl(args.dir),
        PULUMI_CONFIG_PASSPHRASE: await passphrase(path.join(args.dir, "passphrase")),
        PULUMI_SKIP_UPDATE_CHECK: "true",
        TMPDIR: temporary,
      },
    },
  );
  if (await isLocked(state)) await stack.cancel();
  return stack;
}

const stateOf = (dir: string) => path.join(dir, "state");

/**
 * The engine's and its providers' folder for temporary files: the kubernetes provider writes each kubeconfig there and leaves it
 * (`writeKubeconfigToFile`, https://github.com/pulumi/pulumi-kubernetes/blob/v4.25.0/provider/pkg/provider/util.go).
 */
export const temporaryOf = (dir: string): string => path.join(dir, "tmp");

/**
 * Where Pulumi keeps the state of a stack opened with this `dir`. Without `metadata=skip` each file of the state has an `.attrs` file
 * beside it, which is written in place: an engine killed at that moment leaves it empty, and the state cannot be read any more
 * ("failed to load checkpoint: EOF"). The state itself is always replaced as a whole (gocloud.dev/blob/fileblob).
 */
export const backendUrl = (dir: string): string => `file://${stateOf(dir)}?metadata=skip`;

/**
 * tsx turns source maps on, and Pulumi's SDK takes a stack trace for each of its promises: mapping them kept a program of eight members
 * busy for half a second. Who wants to read a trace says so: NODE_OPTIONS=--enable-source-maps.
 */
function withoutSourceMaps(): void {
  if (!process.env.NODE_OPTIONS?.includes("--enable-source-maps")) process.setSourceMapsEnabled(false);
}

/** Whether a killed engine has left its lock: there is nobody else who could hold one. */
async function isLocked(state: string): Promise<boolean> {
  const entries = await fs
    .readdir(path.join(state, ".pulumi/locks"), { recursive: true, withFileTypes: true })
    .catch(() => []);
  return entries.some((entry) => entry.isFile());
}

/** Pulumi keeps the salt of the stack's encryption in the same file: everything but `config` stays. */
export async function writeStackConfig(file: string, config: Record<string, unknown>): Promise<void> {
  const document = parseDocument((await contentsOf(file)) ?? "");
  document.set("config", config);
  replaceFile(file, document.toString());
}

/** Without the passphrase of its secrets, and the salt, a stack's state is lost: one that is there is never made anew. */
export async function passphrase(file: string): Promise<string> {
  const known = await contentsOf(file);
  if (known !== undefined) return known;
  const fresh = randomBytes(32).toString("base64url");
  replaceFile(file, fresh);
  return fresh;
}
