/** The command line of `npm run adopt`. */
import { parseUsage, UsageError } from "../usage";

export const usage = `Usage: npm run adopt -- --stack NAME [options]

Shows how a mesh that was installed by hand becomes this stack's: docs/runbooks/adopt.md. It reads the clusters and
changes nothing in them, nor in the stack.

  --stack NAME      stack whose weft:clusters names the clusters
  --out FOLDER      where to put the new stack config and the import file (default: adopt-NAME)`;

export interface AdoptOptions {
  stack: string;
  /** Folder. */
  out: string;
}

/** @throws UsageError */
export function parseOptions(argv: string[]): AdoptOptions | "help" {
  const { stack, out, help } = parseUsage({
    args: argv,
    options: {
      stack: { type: "string" },
      out: { type: "string" },
      help: { type: "boolean", default: false },
    },
  }).values;
  if (help) return "help";
  // A default would be the lab's.
  if (stack === undefined) throw new UsageError("Which stack? Name it with --stack.");
  return { stack, out: out ?? `adopt-${stack.split("/").at(-1)!}` };
}
