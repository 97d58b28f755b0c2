import { execFile } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { addingToCache } from "./cache";
import { isReachable } from "./download";
import { cachedPath, downloadFolder, ensureToolchain } from "./ensure";
import { findOnPath } from "./path";
import { ISTIO, platform } from "./programs";
import { stopwatch, type ToolchainOptions } from "./progress";

const PROGRAM = "pilot-discovery";
/** Where istiod is in its image. */
const MEMBER = `usr/local/bin/${PROGRAM}`;

/**
 * Finds istiod of one version: on PATH, in the cache, or on Linux in Istio's image.
 * @param version exactly: `1.30.5`
 * @param hub registry and path of Istio's images
 * @returns its path; undefined where it cannot be had without being built
 * @throws LabError when the registry answers and there is no program to ask it with
 */
export async function findIstiod(
  version: string,
  hub: string,
  { report }: ToolchainOptions,
): Promise<string | undefined> {
  const found = await findOnPath(PROGRAM, ["version", "--short"]);
  if (found?.version === version) {
    report(`istiod ${version}: found on PATH, ${found.path}`);
    return found.path;
  }
  const target = downloadFolder(PROGRAM, version);
  const cached = version === ISTIO ? cachedPath(PROGRAM) : join(target, PROGRAM);
  if (cached !== undefined && existsSync(cached)) {
    report(`istiod ${version}: in the cache, ${cached}`);
    return cached;
  }

  const image = `${hub}/pilot:${version}`;
  if (platform.os !== "linux" || !(await isReachable(registryOf(hub)))) return undefined;
  const { crane } = await ensureToolchain(["crane"], { report });
  return addingToCache(`istiod ${version}`, { report }, async () => {
    report(`istiod ${version}: out of the image ${image}`);
    const took = stopwatch();
    try {
      const path = await takeOut(crane, image, target);
      report(`istiod ${version}: taken out and checked in ${took()}`);
      return path;
    } catch (error) {
      report(`istiod ${version}: not taken out of its image, ${(error as Error).message}`);
      return undefined;
    }
  });
}

/** The URL at which the registry of an image answers. https://github.com/distribution/reference: a first part without dot and colon is no host. */
function registryOf(hub: string): string {
  const [first = ""] = hub.split("/");
  const host = /[.:]/.test(first) ? first : "docker.io";
  if (host === "docker.io") return "https://index.docker.io";
  return /^(127\.0\.0\.1|localhost)(:|$)/.test(host) ? `http://${host}` : `https://${host}`;
}

/**
 * Takes istiod out of an image and puts it at `target` in one step. The image is pulled whole first: while crane only unpacks a
 * layer, it need not come to its end, where the digest is compared.
 * @throws with what crane says, also when a layer is not the one that the image's manifest names
 */
export async function takeOut(crane: string, image: string, target: string): Promise<string> {
  const folder = `${target}.unpacking`;
  const [pulled, contents] = [join(folder, "image.tar"), join(folder, "contents.tar")];
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await run(crane, ["pull", "--platform", `${platform.os}/${platform.arch}`, image, pulled]);
    await run(crane, ["export", "-", contents], pulled);
    await run("tar", ["-xf", contents, "-C", folder, MEMBER]);
    mkdirSync(target, { recursive: true });
    renameSync(join(folder, MEMBER), join(target, PROGRAM));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return join(target, PROGRAM);
}

/** @param input file that it reads on stdin */
async function run(program: string, args: readonly string[], input?: string): Promise<void> {
  const running = promisify(execFile)(program, args);
  if (input !== undefined) createReadStream(input).pipe(running.child.stdin!);
  await running.catch((error: Error & { stderr?: string }) => {
    throw new Error(error.stderr?.trim() || error.message);
  });
}
