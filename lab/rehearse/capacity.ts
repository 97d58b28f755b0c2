import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { join } from "node:path";
import { LabError } from "../error";

const gib = 2 ** 30;
/** A control plane takes about this much, measured; the engine with its providers as much as two. */
const perMember = 0.5 * gib;
const engine = 2 * perMember;

/**
 * @param available bytes of memory that can be had.
 * @throws LabError when so many control planes do not fit
 */
export function checkCapacity(members: number, available: number): void {
  const needed = members * perMember + engine;
  if (needed <= available) return;
  const fit = Math.max(0, Math.floor((available - engine) / perMember));
  throw new LabError(
    `${members} members need about ${gibs(needed)} GiB of memory, and ${gibs(available)} GiB are free here: ` +
      `${fit === 0 ? "not one fits" : `${fit} would fit`}. Run it on a larger machine.`,
  );
}

const gibs = (bytes: number) => (bytes / gib).toFixed(1);

/**
 * Bytes of memory that can be had. In a container Node counts what is cached of files as used, which after a build is most of what its
 * limit allows; the kernel gives that up as soon as somebody needs it.
 */
export function availableMemory(): number {
  return Math.min(freemem(), process.availableMemory() + cachedFiles(statOfOwnGroup()));
}

/** @param stat memory.stat of a control group. */
export function cachedFiles(stat: string): number {
  const sizes = [...stat.matchAll(/^(?:in)?active_file (\d+)$/gm)].map(([, bytes]) => Number(bytes));
  return sizes.reduce((sum, bytes) => sum + bytes, 0);
}

/** Of the group that limits this process; empty where there is none. Containers mount their own at the root, or under its path. */
function statOfOwnGroup(): string {
  const own = /^\d+:(?:memory)?:(.*)$/m.exec(read("/proc/self/cgroup"))?.[1] ?? "/";
  const roots = ["/sys/fs/cgroup/memory", "/sys/fs/cgroup"];
  const files = [own, "/"].flatMap((group) => roots.map((root) => join(root, group, "memory.stat")));
  return files.map(read).find((stat) => stat !== "") ?? "";
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
