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
