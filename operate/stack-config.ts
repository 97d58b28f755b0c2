/** The stack config that an `up` of this stack would take, read without an engine where nothing in it is encrypted. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import { parseMeshWithFound } from "../clusters/membership";
import type { MeshSpec } from "../mesh/mesh-spec";
import { ConfigError } from "../mesh/problems";
import { settingsIn, structured } from "../mesh/settings";

/** What `npm start` converges: the stack's mesh, on the lab's clusters, or a mesh on kind's. */
const labConfigs: Record<string, string> = {
  dev: ".lab/stack/Pulumi.dev.yaml",
  kind: ".lab-kind/stack/Pulumi.kind.yaml",
};

/**
 * The mesh of a stack, with the members that its management cluster names.
 * @param stack `dev`, or `org/weft/dev`.
 * @param folder that of Pulumi.yaml. Default: the current one, as it is to `pulumi`.
 * @throws ConfigError
 */
export async function readMeshOf(
  stack: string,
  { warn, folder = process.cwd() }: { warn: (message: string) => void; folder?: string },
): Promise<MeshSpec> {
  const { config } = await readConfig(stack, folder);
  return parseMeshWithFound(
    { mesh: config["weft:mesh"], clusters: config["weft:clusters"] },
    { known: [], warn },
  );
}

/** A `Pulumi.<stack>.yaml` as it stands there. */
export interface StackFile {
  text: string;
  /** By key; encrypted values as `{secure: …}`. */
  config: Record<string, unknown>;
}

/**
 * The settings of a stack, decrypted where something in them is encrypted, and the file that holds them.
 * @param folder that of Pulumi.yaml. Default: the current one.
 * @throws ConfigError
 */
export async function readConfig(
  stack: string,
  folder = process.cwd(),
): Promise<{ file: StackFile; config: Record<string, unknown> }> {
  const file = await readFileOf(stack, folder);
  return { file, config: hasSecrets(file.config) ? await decrypted(stack, folder) : file.config };
}

async function readFileOf(stack: string, folder: string): Promise<StackFile> {
  const name = stack.split("/").at(-1)!;
  const lab = labConfigs[name] && join(folder, labConfigs[name]);
  const file = lab && existsSync(lab) ? lab : join(folder, `Pulumi.${name}.yaml`);
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ConfigError([
      {
        path: `Pulumi.${name}.yaml`,
        message:
          error.code === "ENOENT" ? "There is no such stack config." : `Cannot be read (${error.code}).`,
        remedy: "Name a stack with --stack, or run this in the project's folder.",
      },
    ]);
  });
  return { text, config: settingsIn(text, `Pulumi.${name}.yaml`) };
}

/** Whether there is an encrypted value anywhere: `secure: …`. */
export function hasSecrets(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value) && typeof (value as { secure?: unknown }).secure === "string") return true;
  return Object.values(value).some(hasSecrets);
}

const shown = z.record(
  z.string(),
  z.object({ value: z.string().optional(), objectValue: z.unknown().optional() }),
);

/** Only the engine has the key of the stack. What it prints stays in this process. */
async function decrypted(stack: string, folder: string): Promise<Record<string, unknown>> {
  const args = ["config", "--show-secrets", "--json", "--stack", stack];
  let text: string;
  try {
    ({ stdout: text } = await promisify(execFile)("pulumi", args, {
      cwd: folder,
      env: process.env,
      maxBuffer: 1 << 26,
    }));
  } catch (error) {
    const { code } = error as { code?: string | number };
    throw new ConfigError([
      {
        path: `Pulumi.${stack.split("/").at(-1)!}.yaml`,
        message:
          code === "ENOENT"
            ? "It has encrypted values, and there is no program `pulumi` on PATH to read them with."
            : "It has encrypted values, and `pulumi` cannot read them.",
        remedy: `See what \`pulumi config --stack ${stack}\` says: often the login or $PULUMI_CONFIG_PASSPHRASE is missing.`,
      },
    ]);
  }
  return Object.fromEntries(
    Object.entries(shown.parse(JSON.parse(text))).map(([key, { value, objectValue }]) => [
      key,
      objectValue ?? structured(value),
    ]),
  );
}
