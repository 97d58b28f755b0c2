import { ApiException } from "@kubernetes/client-node";
import { isDeepStrictEqual } from "node:util";
import { setTimeout as pause } from "node:timers/promises";

/** Asks again until the answer is neither undefined nor false; the test's own time limit ends it. */
export async function eventually<T>(
  ask: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    await pause(50);
  }
}

/** Reads and writes again where a controller wrote in between (409): its object has another resourceVersion by then. */
export async function rewrite(readAndWrite: () => Promise<unknown>): Promise<void> {
  await eventually(async () => {
    try {
      await readAndWrite();
      return true;
    } catch (error) {
      if (error instanceof ApiException && error.code === 409) return false;
      throw error;
    }
  });
}

/** How long what is on its way may take, in milliseconds: beyond it the difference is shown. */
const longest = 300_000;

/** Looks again until what is found equals what is wanted. */
export async function settles<T>(look: () => Promise<{ found: T; wanted: T }>): Promise<void> {
  const deadline = performance.now() + longest;
  const { found, wanted } = await eventually(async () => {
    const seen = await look();
    return (isDeepStrictEqual(seen.found, seen.wanted) || performance.now() > deadline) && seen;
  });
  expect(found).toEqual(wanted);
}
