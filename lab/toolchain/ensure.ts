import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { LabError } from "../error";
import { addingToCache, cacheDirectory, filesBelow, fingerprint } from "./cache";
import { messageOf, tryDownload } from "./download";
import { build, goVersionOf } from "./go";
import { findOnPath, fits, type Found } from "./path";
import { platform, type Program, recipes } from "./programs";
import { stopwatch, type ToolchainOptions } from "./progress";

/** The Go module of nearly all programs. */
export const goModule = resolve(__dirname, "../programs");

/**
 * Makes sure that the programs are there, and tells where. For each: the one on PATH if its version fits; else the one in the
 * user's cache; else the official download, checked against its published checksum. What is left is built from Go modules, all of
 * it at once. Takes minutes the first time; several processes may do this at once.
 * @throws LabError naming what is missing and every way to get it
 */
export async function ensureToolchain<P extends Program>(
  wanted: readonly P[],
  { report }: ToolchainOptions,
): Promise<Record<P, string>> {
  const programs = [...new Set(wanted)];
  const found = await lookOnPath(programs);
  const paths: Partial<Record<Program, string>> = {};
  for (const program of programs) {
    const hit = found[program];
    if (!hit || !fits(hit, recipes[program].onPath?.accepts ?? "")) continue;
    paths[program] = hit.path;
    report(`${program} ${hit.version}: found on PATH, ${hit.path}`);
  }

  const cached = programs.filter(
    (program) => paths[program] === undefined && cachedPath(program) !== undefined,
  );
  if (cached.length > 0) report(`${cached.join(", ")}: in the cache, ${cacheDirectory(platform)}`);
  for (const program of cached) paths[program] = cachedPath(program);

  const missing = programs.filter((program) => paths[program] === undefined);
  if (missing.length > 0) {
    const obtained = await addingToCache(missing.join(", "), { report }, () =>
      obtain(missing, found, report),
    );
    Object.assign(paths, obtained);
  }
  return paths as Record<P, string>;
}

async function lookOnPath(programs: readonly Program[]): Promise<Partial<Record<Program, Found>>> {
  const found = await Promise.all(
    programs.map(async (program) => {
      const { onPath } = recipes[program];
      return [program, onPath && (await findOnPath(program, onPath.versionArgs))] as const;
    }),
  );
  return Object.fromEntries(found.filter(([, hit]) => hit !== undefined));
}

/** Where a version of a program is kept that its publisher has made. */
export function downloadFolder(program: Program, version: string): string {
  return join(cacheDirectory(platform), program, version);
}

const moduleOf = (program: Program) => recipes[program].module ?? goModule;

/** Where a program is kept that is built: what was built from other sources is another. */
function builtPath(program: Program): string {
  const { version, package: main, variables = {}, module } = recipes[program];
  const folder = moduleOf(program);
  const parts = module ? [""] : ["shims", ...(main.startsWith("./") ? [main] : [])];
  // All that Go may compile in.
  const sources = parts.flatMap((part) => filesBelow(join(folder, part)).map((file) => join(part, file)));
  const files = ["go.mod", "go.sum", ...sources.filter((file) => !file.endsWith("_test.go"))];
  const contents = files.flatMap((file) => [file, readFileSync(join(folder, file))]);
  const name = [version, "built", fingerprint(...contents, JSON.stringify(variables))];
  return join(cacheDirectory(platform), program, name.filter(Boolean).join("-"), program);
}

/** The path of a program in the cache, downloaded or built; undefined when it is not there. */
export function cachedPath(program: Program): string | undefined {
  const { version, download } = recipes[program];
  const downloaded =
    version && join(downloadFolder(program, version), download?.(platform)?.member ?? program);
  return [downloaded, builtPath(program)].find((path) => path !== undefined && existsSync(path));
}

/** Why a program is neither on PATH nor downloaded. */
export interface Lack {
  readonly program: Program;
  readonly found: Found | undefined;
  readonly notDownloaded: string;
}

async function obtain(
  programs: readonly Program[],
  found: Partial<Record<Program, Found>>,
  report: (line: string) => void,
): Promise<Partial<Record<Program, string>>> {
  const paths: Partial<Record<Program, string>> = {};
  const lacking: Lack[] = [];
  for (const program of programs) {
    const result = cachedPath(program) ?? (await downloaded(program, report));
    if (typeof result === "string") paths[program] = result;
    else lacking.push({ program, found: found[program], notDownloaded: result.reason });
  }
  if (lacking.length === 0) return paths;

  report(
    `building from Go modules (once, takes minutes): ${lacking.map(({ program }) => titleOf(program)).join(", ")}`,
  );
  const took = stopwatch();
  try {
    for (const module of new Set(lacking.map(({ program }) => moduleOf(program)))) {
      const own = lacking.filter(({ program }) => moduleOf(program) === module);
      const mains = own.map(({ program }) => ({ ...recipes[program], target: builtPath(program) }));
      await build(module, mains, { report });
    }
  } catch (error) {
    throw new LabError(lacks(lacking, messageOf(error)));
  }
  report(`built in ${took()}`);
  for (const { program } of lacking) paths[program] = builtPath(program);
  return paths;
}

/** The path of a program, downloaded and checked; or why there is none. */
async function downloaded(
  program: Program,
  report: (line: string) => void,
): Promise<string | { reason: string }> {
  const { version, download: from } = recipes[program];
  const source = from?.(platform);
  if (version === undefined || source === undefined) {
    return { reason: `none is published for ${platform.os}/${platform.arch}` };
  }
  return tryDownload(titleOf(program), source, program, downloadFolder(program, version), report);
}

function titleOf(program: Program): string {
  const { version } = recipes[program];
  return version === undefined ? program : `${program} ${version}`;
}

/** What is said of programs that cannot be had. */
export function lacks(lacking: readonly Lack[], notBuilt: string): string {
  const go = goVersionOf(readFileSync(join(goModule, "go.mod"), "utf8"));
  return [
    "Programs are missing:",
    ...lacking.flatMap(({ program, found, notDownloaded }) => {
      const { onPath } = recipes[program];
      const other = found ? `${found.path} is ${found.version ?? "of an unknown version"}` : "there is none";
      return [
        `  ${titleOf(program)}`,
        ...(onPath ? [`    on PATH, in a version ${onPath.accepts}: ${other}`] : []),
        `    downloaded: ${notDownloaded}`,
      ];
    }),
    `All of them can be built, by Go ${go} or newer with a Go module proxy (GOPROXY). Here they cannot: ${notBuilt}`,
  ].join("\n");
}
