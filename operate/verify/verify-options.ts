/** The command line of `npm run verify`. */
import { parseUsage, UsageError } from "../usage";

export const usage = `Usage: npm run verify [-- options]

  --stack NAME      stack whose members to ask (default: dev; the lab's, where it is up)
  --requests N      requests that each member sends (default: 20 for each member of the mesh)
  --json            print the matrix as JSON

Exit code: 0 every member was answered by every one, 1 a pair is missing or a request failed, 2 could not be asked.`;

export interface VerifyOptions {
  stack: string;
  json: boolean;
  /** Undefined: enough that a member that could answer does: it is left out once in e^20. */
  requests?: number;
}

export function parseOptions(argv: string[]): VerifyOptions | "help" {
  const { stack, json, requests, help } = parse(argv);
  if (help) return "help";
  if (requests !== undefined && !/^[1-9]\d{0,5}$/.test(requests)) {
    throw new UsageError(`--requests ${requests}: a whole number from 1 to 999999.`);
  }
  return { stack, json, requests: requests === undefined ? undefined : Number(requests) };
}

function parse(argv: string[]) {
  return parseUsage({
    args: argv,
    options: {
      stack: { type: "string", default: "dev" },
      json: { type: "boolean", default: false },
      requests: { type: "string" },
      help: { type: "boolean", default: false },
    },
  }).values;
}
