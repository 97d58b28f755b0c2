/** The command line of `npm run status`. */
import { duration, parseUsage, UsageError } from "./usage";

export const usage = `Usage: npm run status [-- options]

  --stack NAME      stack whose members to look at (default: dev; the lab's, where it is up)
  --json            print the report as JSON; for a program to read: npm run --silent status -- --json
  --wait[=5m]       look again until the mesh is healthy, for at most this long (s, m or h)
  --watch           look again and again, until Ctrl-C

Exit code: 0 healthy, 1 unhealthy, 2 could not tell.`;

export interface StatusOptions {
  stack: string;
  json: boolean;
  watch: boolean;
  /** Milliseconds to wait for a healthy mesh; 0: none. */
  waitMs: number;
}

export function parseOptions(argv: string[]): StatusOptions | "help" {
  const { stack, json, wait, watch, help } = parse(argv);
  if (help) return "help";
  if (wait !== undefined && watch)
    throw new UsageError("--wait ends and --watch does not: give one of them.");
  return { stack, json, watch, waitMs: wait === undefined ? 0 : duration("--wait", wait) };
}

function parse(argv: string[]) {
  return parseUsage({
    // An option of parseArgs either has a value or has none.
    args: argv.map((argument) => (argument === "--wait" ? "--wait=5m" : argument)),
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      wait: { type: "string" },
      watch: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}
