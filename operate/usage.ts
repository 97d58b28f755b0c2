/** What the command lines of `npm run status`, `graph`, `verify`, `review`, `rehearse` and `lab` have in common. */
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
