import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { cacheDirectory } from "./cache";
import { tryDownload } from "./download";
import { findOnPath, fits } from "./path";
import { goRecipe, platform } from "./programs";
import { atIntervals, compiling, type ToolchainOptions } from "./progress";

/** A main package, and where its program goes. */
export interface Main {
  /** Its import path, or its folder as `./folder`. */
  readonly package: string;
  /** Import paths of the variables that the linker sets, with their values. */
  readonly variables?: Readonly<Record<string, string>>;
  /** The program's path, in the cache. */
  readonly target: string;
}

/**
 * Builds programs of one Go module in a single run, so that a package that several of them use is compiled once, and puts each at its
 * target in one step. What Go has compiled before an interruption it does not compile again. To be called by who may add to the cache.
 * @param directory folder of the go.mod
 * @throws when there is no Go, or with the end of what Go says
 */
export async function build(
  directory: string,
  mains: readonly Main[],
  { report }: ToolchainOptions,
): Promise<void> {
  const go = await findGo(directory, report);
  const folder = join(cacheDirectory(platform), "building");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    const flags = ["-trimpath", "-buildvcs=false", "-mod=readonly", ...mains.flatMap(linkerFlags)];
    const packages = mains.map((main) => main.package);
    const stale = await toCompile(go, directory, [...flags, ...packages], report);
    report(`${stale} packages to compile`);
    const compiled = compiling(stale, report);
    // -v: Go prints the name of each package that it compiles.
    const args = ["build", "-v", ...flags, "-o", `${folder}/`, ...packages];
    await run(go, directory, args, {
      stderr: (line) => {
        if (/^[\w./~+-]+$/.test(line)) compiled();
      },
    });
    for (const main of mains) {
      mkdirSync(dirname(main.target), { recursive: true });
      renameSync(join(folder, executable(main.package)), main.target);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without symbols: they make up a third of each program. */
function linkerFlags({ package: main, variables = {} }: Main): string[] {
  const values = Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`);
  return ["-ldflags", `${main}=${["-s", "-w", ...values].join(" ")}`];
}

/** As `go build` names it: the last element of the import path that is no major version. */
function executable(main: string): string {
  return main.replace(/\/v\d+$/, "").replace(/^.*\//, "");
}

/** How many packages Go's own cache lacks. Fetches the modules that are not in its module cache. */
async function toCompile(
  go: string,
  directory: string,
  args: readonly string[],
  report: (line: string) => void,
): Promise<number> {
  const tell = atIntervals(report);
  let [packages, modules] = [0, 0];
  await run(go, directory, ["list", "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", ...args], {
    stdout: () => packages++,
    stderr: (line) => {
      if (line.startsWith("go: downloading")) tell(`${++modules} Go modules downloaded`);
    },
  });
  return packages;
}

/**
 * The folder of a module that another one requires, in Go's module cache; fetched where it is not there.
 * @param directory folder of the go.mod that requires it
 * @param query its path, with `@version` where it is not the required one
 * @throws when there is no Go, or with the end of what Go says
 */
export async function moduleFolder(
  directory: string,
  query: string,
  { report }: ToolchainOptions,
): Promise<string> {
  const go = await findGo(directory, report);
  let json = "";
  await run(go, directory, ["mod", "download", "-json", query], { stdout: (line) => (json += line) });
  return (JSON.parse(json) as { Dir: string }).Dir;
}

/** Runs Go, and passes each line that it prints on. */
async function run(
  go: string,
  directory: string,
  args: readonly string[],
  take: Partial<Record<"stdout" | "stderr", (line: string) => void>>,
): Promise<void> {
  // Without cgo the result depends on no C compiler and no C library of the machine.
  const env = { ...process.env, CGO_ENABLED: "0", GOWORK: "off" };
  const child = spawn(go, args, { cwd: directory, env, stdio: ["ignore", "pipe", "pipe"] });
  const said: string[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    createInterface(child[stream]).on("line", (line) => {
      said.push(line);
      take[stream]?.(line);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  if (code !== 0) throw new Error(`go ${args[0]} fails:\n${said.slice(-8).join("\n")}`);
}

/** The oldest Go that a module can be built with. */
export function goVersionOf(goMod: string): string {
  return /^go (\S+)$/m.exec(goMod)?.[1] ?? "1.0.0";
}

async function findGo(directory: string, report: ToolchainOptions["report"]): Promise<string> {
  const accepts = `>=${goVersionOf(readFileSync(join(directory, "go.mod"), "utf8"))}`;
  // Asked in the module's folder, an older Go that fetches newer ones by itself (GOTOOLCHAIN=auto) answers with the one it will use.
  const found = await findOnPath("go", ["version"], directory);
  if (found && fits(found, accepts)) return found.path;

  const source = goRecipe.download(platform);
  const target = join(cacheDirectory(platform), `go-${goRecipe.version}`);
  const cached = join(target, source.member!);
  if (existsSync(cached)) return cached;
  const path = await tryDownload(`Go ${goRecipe.version}`, source, "go", target, report);
  if (typeof path === "string") return path;
  const lack = found ? `needed, ${found.path} is ${found.version}` : "not on PATH";
  throw new Error(`Go ${accepts} is ${lack}, and ${path.reason}`);
}
