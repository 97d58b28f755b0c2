import { execFile } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { coerce, minor, satisfies } from "semver";
import { KUBERNETES, type Program, recipes } from "./programs";

/** A program on PATH. */
export interface Found {
  readonly path: string;
  /** Undefined when it would not tell. */
  readonly version: string | undefined;
}

const SERVER = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const;

/** Programs whose choice depends on one another: whoever asks for one has to look for all. */
export function together(program: Program): readonly Program[] {
  if (program === "kubectl") return ["kubectl", ...SERVER];
  return (SERVER as readonly Program[]).includes(program) ? SERVER : [program];
}

/**
 * Which of the programs found on PATH are used. Kubernetes' server parts are used all together or not at all, and only when
 * they are of one minor; kubectl when it is within one minor of them (Kubernetes' version skew policy).
 */
export function choosePath(
  found: Readonly<Partial<Record<Program, Found>>>,
): Readonly<Partial<Record<Program, Found>>> {
  const fits = (program: Program) => {
    const version = found[program]?.version;
    return version !== undefined && satisfies(version, recipes[program].onPath?.accepts ?? "");
  };
  const minorOf = (program: Program) => minor(found[program]?.version ?? KUBERNETES);
  const server = SERVER.every(fits) && new Set(SERVER.map(minorOf)).size === 1;
  const serverMinor = server ? minorOf("kube-apiserver") : minor(KUBERNETES);

  const chosen = (program: Program) => {
    if ((SERVER as readonly Program[]).includes(program)) return server;
    if (program === "kubectl")
      return found.kubectl?.version !== undefined && Math.abs(minorOf("kubectl") - serverMinor) <= 1;
    return fits(program);
  };
  return Object.fromEntries(
    (Object.keys(found) as Program[]).filter(chosen).map((program) => [program, found[program]]),
  );
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
