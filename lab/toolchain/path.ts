import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { coerce, satisfies } from "semver";

/** A program on PATH. */
export interface Found {
  readonly path: string;
  /** Undefined when it would not tell. */
  readonly version: string | undefined;
}

/** Whether it is of one of these versions (npm's range syntax). */
export function fits({ version }: Found, accepts: string): boolean {
  return version !== undefined && satisfies(version, accepts);
}

/** Looks for a program on PATH and asks it for its version, in the folder `cwd`. */
export async function findOnPath(
  name: string,
  versionArgs: readonly string[],
  cwd?: string,
): Promise<Found | undefined> {
  const path = pathOf(name);
  return path === undefined ? undefined : { path, version: await versionOf(path, versionArgs, cwd) };
}

/** Where a program is on PATH. */
export function pathOf(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter(isAbsolute);
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

/** The version that a program prints, in whichever words; undefined when it prints none or fails. */
async function versionOf(path: string, args: readonly string[], cwd?: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, args, {
      cwd,
      timeout: 10_000,
      // Pulumi's CLI would ask the internet for a newer version first.
      env: { ...process.env, PULUMI_SKIP_UPDATE_CHECK: "true" },
    });
    const version = /\d+\.\d+(\.\d+)?(-(alpha|beta|rc)\b[.\w]*)?/.exec(stdout)?.[0];
    return coerce(version, { includePrerelease: true })?.version;
  } catch {
    return undefined;
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
