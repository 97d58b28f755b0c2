/** The command line of `npm run rehearse`. */
import { parseUsage, UsageError } from "../../operate/usage";

export const usage = `Usage: npm run rehearse -- --stack NAME [options]

  --stack NAME   stack whose next step to rehearse: Pulumi.NAME.yaml of the working tree
  --from REF     commit that the stack runs now (default: where HEAD left the main branch)
  --json         print the report as JSON

Exit code: 0 trust and reach were never interrupted, 1 they were, or the step is refused or fails, 2 could not rehearse.`;

export interface RehearseOptions {
  /** Without organization and project. */
  stack: string;
  from?: string;
  json: boolean;
}

/** @throws UsageError */
export function parseOptions(argv: string[]): RehearseOptions | "help" {
  const { stack, from, json, help } = parseUsage({
    args: argv,
    options: {
      stack: { type: "string" },
      from: { type: "string" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
  if (help) return "help";
  if (stack === undefined) throw new UsageError("--stack is missing.");
  const name = stack.split("/").at(-1)!;
  if (!/^[\w.-]+$/.test(name)) throw new UsageError(`--stack ${stack}: a stack's name, such as prod.`);
  // git would take it for an option.
  if (from?.startsWith("-")) throw new UsageError(`--from ${from}: a commit, branch or tag.`);
  return { stack: name, from, json };
}
