/** What the command lines of `npm run adopt`, `status`, `watch`, `graph`, `verify`, `review`, `rehearse` and `lab` have in common. */
import { parseArgs, type ParseArgsConfig } from "node:util";

/** What the command line says is wrong. */
export class UsageError extends Error {}

/**
 * As Node's `parseArgs`.
 * @throws UsageError where that refuses
 */
export function parseUsage<const T extends ParseArgsConfig>(config: T) {
  try {
    return parseArgs(config);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const units = { s: 1000, m: 60_000, h: 3_600_000 };

/**
 * A time on the command line, in milliseconds.
 * @throws UsageError
 */
export function duration(option: string, text: string): number {
  const [, number, unit] = /^(\d+)([smh])$/.exec(text) ?? [];
  if (number === undefined) throw new UsageError(`${option}=${text}: a time such as 90s, 5m or 1h.`);
  return Number(number) * units[unit as keyof typeof units];
}
