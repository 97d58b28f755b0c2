import { readFileSync } from "node:fs";
import { freemem } from "node:os";
import { LabError } from "../error";

const gib = 2 ** 30;
/**
 * What a member's processes have to themselves, measured: its API server 0.37, the rest of its control plane 0.07, its istiod 0.04, twice
 * while it is replaced, and its kubernetes provider 0.06.
 */
const perMember = 0.6 * gib;
/** What they share, their code above all; etcd, the engine, the program and this process. */
const once = 1.2 * gib;

/**
 * @param available bytes of memory that can be had.
 * @throws LabError when so many control planes do not fit
 */
export function checkCapacity(members: number, available: number): void {
  const needed = members * perMember + once;
  if (needed <= available) return;
  const fit = Math.max(0, Math.floor((available - once) / perMember));
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

/** Of the group that limits this process, where a container mounts its own; empty where there is none. */
function statOfOwnGroup(): string {
  return read("/sys/fs/cgroup/memory.stat") || read("/sys/fs/cgroup/memory/memory.stat");
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
