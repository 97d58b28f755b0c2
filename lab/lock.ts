import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { identify, isRunning, type ProcessIdentity } from "./processes";

const POLL_MS = 200;

let attempts = 0;

/**
 * Runs `action` while this process holds the lock file; waits for a holder that still runs, takes over from one that does not.
 * @param onWait told once, when another process holds the lock
 */
export async function withLock<T>(
  file: string,
  action: () => Promise<T>,
  onWait: (holder: ProcessIdentity) => void = () => {},
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  let told = false;
  for (;;) {
    const holder = tryLock(file);
    if (holder === undefined) break;
    if (!told) onWait(holder);
    told = true;
    await sleep(POLL_MS);
  }
  try {
    return await action();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Runs `action` while nobody else changes the lab in this folder: `npm start` and `npm run lab` wait for each other. */
export function withLab<T>(
  dir: string,
  report: (line: string) => void,
  action: () => Promise<T>,
): Promise<T> {
  return withLock(`${dir}.lock`, action, ({ pid }) =>
    report(`Process ${pid} is at work on this lab: waiting.`),
  );
}

/** Takes the lock, or tells who has it. */
function tryLock(file: string): ProcessIdentity | undefined {
  const own = `${file}.${process.pid}.${attempts++}`;
  writeFileSync(own, JSON.stringify(identify(process.pid)));
  try {
    for (;;) {
      try {
        // A link appears whole or not at all, so nobody ever reads a lock without its holder.
        linkSync(own, file);
        return undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const holder = read(file);
      if (holder && isRunning(holder)) return holder;
      takeAway(file, holder);
    }
  } finally {
    rmSync(own, { force: true });
  }
}

/** Removes a stale lock. Renaming first makes sure that what goes away is what was judged stale, not a newer lock. */
function takeAway(file: string, stale: ProcessIdentity | undefined): void {
  const aside = `${file}.${process.pid}.${attempts++}.stale`;
  try {
    renameSync(file, aside);
  } catch {
    return;
  }
  try {
    const taken = read(aside);
    if (taken && taken.started !== stale?.started) linkSync(aside, file);
  } catch {
    // Somebody else has locked in between: the file is theirs.
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}
