import { homedir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { type Platform } from "./programs";

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
