import { createHash } from "node:crypto";
import { readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { withLock } from "../lock";
import { type Platform, platform } from "./programs";
import type { ToolchainOptions } from "./progress";

/** Where the toolchain is kept: in the user's cache directory, for all checkouts. */
export function cacheDirectory({ os, arch }: Platform): string {
  const home = process.env.XDG_CACHE_HOME;
  return join(home !== undefined && home !== "" ? home : join(homedir(), ".cache"), "weft", `${os}-${arch}`);
}

/** A short name for contents: differs when any of them differs. */
export function fingerprint(...contents: readonly (string | Buffer)[]): string {
  const hash = createHash("sha256");
  for (const content of contents) hash.update(`${content.length}:`).update(content);
  return hash.digest("hex").slice(0, 12);
}

/** The paths of all files below a folder, in one order everywhere. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/**
 * Runs `action` while no other process, and nothing else in this one, adds to the cache: Go uses every core as it is.
 * @param what is added
 */
export function addingToCache<T>(
  what: string,
  { report }: ToolchainOptions,
  action: () => Promise<T>,
): Promise<T> {
  return withLock(join(cacheDirectory(platform), "lock"), action, ({ pid }) => {
    if (pid !== process.pid) report(`${what}: process ${pid} is getting programs, waiting`);
  });
}
