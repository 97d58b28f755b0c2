/** What the command lines of `npm run adopt`, `status`, `watch`, `graph`, `verify`, `review`, `rehearse` and `lab` have in common. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { ConfigError } from "../mesh/problems";

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

/**
 * Ends a command that writes files with what the person can mend, and exit code 2.
 * @throws what is nobody's mistake
 */
export function tellMistake(error: unknown, usage: string): void {
  const { code, path } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else if (error instanceof ConfigError) console.error(error.message);
  else if (code !== undefined && path !== undefined) console.error(`${path} cannot be written (${code}).`);
  else throw error;
  process.exitCode = 2;
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
