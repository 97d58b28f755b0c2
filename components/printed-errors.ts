/**
 * What Pulumi prints of an error: its stack and those of its causes, without colours, and nothing else that it holds.
 *
 * Pulumi prints whatever a program fails with by `util.inspect` with colours (cmd/run/error.js; a policy pack likewise). Before
 * nodejs/node#64022 that goes round and round over a stack that names a file right below `node_modules/@scope/`, as Pulumi's source maps
 * do (`node_modules/@pulumi/resource.ts`), until the text fills the memory. And beside its text an error may hold what is secret, such
 * as the request that failed, with its token.
 */
import { inspect } from "node:util";

Object.defineProperty(Error.prototype, inspect.custom, {
  configurable: true,
  writable: true,
  value(this: Error) {
    return printed(this, new Set());
  },
});

function printed(error: Error, seen: Set<unknown>): string {
  seen.add(error);
  const causes = [
    error.cause,
    ...(error instanceof AggregateError ? (error.errors as unknown[]) : []),
  ].filter((cause) => cause instanceof Error && !seen.has(cause)) as Error[];
  const own = error.stack || String(error);
  return [own, ...causes.map((cause) => `Caused by: ${printed(cause, seen)}`)].join("\n");
}
