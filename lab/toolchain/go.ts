import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { satisfies } from "semver";
import { cacheDirectory } from "./cache";
import { download, isReachable } from "./download";
import { findOnPath } from "./path";
import { goRecipe, platform } from "./programs";
import { stopwatch, type ToolchainOptions } from "./progress";

/** A main package of a Go module. */
export interface Build {
  /** Folder of the go.mod. */
  readonly directory: string;
  readonly package: string;
  /** Import paths of the variables that the linker sets, with their values. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Builds a program and puts it at `target` in one step. What Go has compiled before an interruption it does not compile again.
 * @throws when there is no Go, or with the end of what Go says
 */
export async function build(
  { directory, package: main, variables }: Build,
  target: string,
  { report }: ToolchainOptions,
): Promise<void> {
  const go = await findGo(directory, report);
  const unfinished = `${target}.building`;
  mkdirSync(dirname(target), { recursive: true });
  const linker = [
    "-s",
    "-w",
    ...Object.entries(variables).map(([name, value]) => `-X ${name}=${value}`),
  ].join(" ");
  try {
    await promisify(execFile)(
      go,
      ["build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", linker, "-o", unfinished, main],
      // Without cgo the result depends on no C compiler and no C library of the machine.
      {
        cwd: directory,
        env: { ...process.env, CGO_ENABLED: "0", GOWORK: "off" },
        maxBuffer: 64 * 1024 * 1024,
      },
    );
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(`go build fails:\n${tail(stderr ?? String(error))}`);
  }
  renameSync(unfinished, target);
}

/** The oldest Go that a module can be built with. */
export function goVersionOf(goMod: string): string {
  return /^go (\S+)$/m.exec(goMod)?.[1] ?? "1.0.0";
}

async function findGo(directory: string, report: ToolchainOptions["report"]): Promise<string> {
  const accepts = `>=${goVersionOf(readFileSync(join(directory, "go.mod"), "utf8"))}`;
  // Asked in the module's folder, an older Go that fetches newer ones by itself (GOTOOLCHAIN=auto) answers with the one it will use.
  const found = await findOnPath("go", goRecipe.versionArgs, { cwd: directory });
  if (found?.version !== undefined && satisfies(found.version, accepts)) return found.path;

  const source = goRecipe.download(platform);
  if (!source) throw new Error(`Go ${accepts} is not on PATH`);
  const target = join(cacheDirectory(platform), `go-${goRecipe.version}`);
  const cached = join(target, source.member ?? "go");
  if (existsSync(cached)) return cached;
  const lack = `Go ${accepts} is ${found ? `needed, ${found.path} is ${found.version}` : "not on PATH"}`;
  if (!(await isReachable(source.url))) throw new Error(`${lack}, and ${source.url} cannot be reached`);
  report(`Go ${goRecipe.version}: downloading ${source.url}`);
  const took = stopwatch();
  const path = await download(source, "go", target).catch((error: Error) => {
    throw new Error(`${lack}, and cannot be downloaded: ${error.message}`);
  });
  report(`Go ${goRecipe.version}: downloaded and checked in ${took()}`);
  return path;
}

function tail(text: string): string {
  return text.trim().split("\n").slice(-8).join("\n");
}
