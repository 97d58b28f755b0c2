import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../error";
import { addingToCache, cacheDirectory, fingerprint } from "./cache";
import { ChecksumMismatch, download, isReachable } from "./download";
import { build, goVersionOf } from "./go";
import { choosePath, findOnPath, type Found, together } from "./path";
import { type GoRecipe, platform, type Program, recipes } from "./programs";
import { stopwatch, type ToolchainOptions } from "./progress";

/**
 * Makes sure that the programs are there, and tells where. For each: the one on PATH if its version fits; else the one in the
 * user's cache; else the official download, checked against its published checksum; else built from Go modules.
 * Takes minutes the first time; several processes may do this at once.
 * @throws LabError naming what is missing and every way to get it
 */
export async function ensureToolchain<P extends Program>(
  programs: readonly P[],
  { report }: ToolchainOptions,
): Promise<Record<P, string>> {
  const found = await lookOnPath(programs);
  const onPath = choosePath(found);
  const paths: Partial<Record<Program, string>> = {};
  for (const program of programs) {
    const use = onPath[program];
    if (!use) continue;
    paths[program] = use.path;
    report(`${program} ${use.version}: found on PATH, ${use.path}`);
  }

  const cached = programs.filter(
    (program) => paths[program] === undefined && cachedPath(program) !== undefined,
  );
  if (cached.length > 0) report(`${cached.join(", ")}: in the cache, ${cacheDirectory(platform)}`);
  for (const program of cached) paths[program] = cachedPath(program);

  const missing = programs.filter((program) => paths[program] === undefined);
  for (const program of missing) {
    paths[program] = await addingToCache(
      async () => cachedPath(program) ?? (await obtain(program, found[program], missing, report)),
      (pid) => report(`${program}: process ${pid} is getting programs, waiting`),
    );
  }
  return paths as Record<P, string>;
}

async function lookOnPath(programs: readonly Program[]): Promise<Partial<Record<Program, Found>>> {
  const all = [...new Set(programs.flatMap(together))];
  const found = await Promise.all(
    all.map(async (program) => [program, await findOnPath(program, recipes[program].versionArgs)] as const),
  );
  return Object.fromEntries(found.filter(([, hit]) => hit !== undefined));
}

/** Folder of a program that is downloaded, and of one that is built: what was built from other module versions is another. */
function folders(program: Program): { readonly downloaded: string; readonly built: string } {
  const { version, module, variables } = recipes[program];
  const sources = ["go.mod", "go.sum"].map((file) => readFileSync(join(moduleDirectory(module), file)));
  const folder = join(cacheDirectory(platform), program);
  return {
    downloaded: join(folder, version),
    built: join(folder, `${version}-built-${fingerprint(...sources, JSON.stringify(variables))}`),
  };
}

function cachedPath(program: Program): string | undefined {
  const { downloaded, built } = folders(program);
  const source = recipes[program].download(platform);
  return [source && join(downloaded, source.member ?? program), join(built, program)].find(
    (path) => path !== undefined && existsSync(path),
  );
}

function moduleDirectory(module: GoRecipe["module"]): string {
  return join(__dirname, module);
}

async function obtain(
  program: Program,
  found: Found | undefined,
  missing: readonly Program[],
  report: (line: string) => void,
): Promise<string> {
  const recipe = recipes[program];
  const { downloaded, built } = folders(program);
  const title = `${program} ${recipe.version}`;
  const source = recipe.download(platform);

  let notDownloaded = `none is published for ${platform.os}/${platform.arch}`;
  if (source && (await isReachable(source.url))) {
    report(`${title}: downloading ${source.url}`);
    const took = stopwatch();
    try {
      const path = await download(source, program, downloaded);
      report(`${title}: downloaded and checked in ${took()}`);
      return path;
    } catch (error) {
      notDownloaded = `${source.url}: ${messageOf(error)}`;
      report(
        `${title}: ${error instanceof ChecksumMismatch ? "download refused" : "not downloaded"}, ${messageOf(error)}`,
      );
    }
  } else if (source) notDownloaded = `${source.url} cannot be reached`;

  report(`${title}: building from Go modules (once, takes minutes)`);
  const took = stopwatch();
  const directory = moduleDirectory(recipe.module);
  const target = join(built, program);
  try {
    await build({ directory, package: recipe.package, variables: recipe.variables }, target, { report });
  } catch (error) {
    const go = goVersionOf(readFileSync(join(directory, "go.mod"), "utf8"));
    throw new LabError(
      lacks({
        title,
        program,
        found,
        accepts: recipe.accepts,
        notDownloaded,
        notBuilt: messageOf(error),
        go,
        missing,
      }),
    );
  }
  report(`${title}: built in ${took()}`);
  return target;
}

/** What is said of a program that cannot be had. */
export function lacks(reasons: {
  readonly title: string;
  readonly program: Program;
  readonly found: Found | undefined;
  readonly accepts: string;
  readonly notDownloaded: string;
  readonly notBuilt: string;
  readonly go: string;
  readonly missing: readonly Program[];
}): string {
  const { title, program, found, accepts, notDownloaded, notBuilt, go, missing } = reasons;
  const others = missing.filter((other) => other !== program);
  return [
    `${title} is missing${others.length > 0 ? ` (and so may be ${others.join(", ")})` : ""}. There are three ways to get it:`,
    `  - install it on PATH, in a version ${accepts}: ${found ? `${found.path} is ${found.version ?? "of an unknown version"}` : "there is none"}`,
    `  - let it be downloaded: ${notDownloaded}`,
    `  - let it be built, with Go ${go} or newer and a Go module proxy (GOPROXY): ${notBuilt}`,
  ].join("\n");
}

function messageOf(error: unknown): string {
  const { message, cause } = error as Error;
  // fetch says no more than "fetch failed": what failed is its cause.
  return cause instanceof Error ? `${message} (${cause.message})` : message;
}
