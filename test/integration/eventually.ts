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
