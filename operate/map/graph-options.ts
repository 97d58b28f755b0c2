/** The command line of `npm run graph`. */
import { parseUsage, UsageError } from "../usage";

export const usage = `Usage: npm run graph [-- options]

  --stack NAME      stack to draw (default: dev; the lab's, where it is up)
  --format FORMAT   mermaid, svg or html (default: mermaid)
  --out FILE        where to write it (default: standard output)
  --no-status       draw stack config alone, without reading the members`;

const formats = ["mermaid", "svg", "html"] as const;
export type Format = (typeof formats)[number];

export interface GraphOptions {
  stack: string;
  format: Format;
  out?: string;
  /** Read the members, to draw their health. */
  status: boolean;
}

/** @throws UsageError */
export function parseOptions(argv: string[]): GraphOptions | "help" {
  const { stack, format: wanted, out, "no-status": blind, help } = parse(argv);
  if (help) return "help";
  const format = formats.find((known) => known === wanted);
  if (format === undefined) throw new UsageError(`--format ${wanted}: one of ${formats.join(", ")}.`);
  return { stack, format, out, status: !blind };
}

function parse(argv: string[]) {
  return parseUsage({
    args: argv,
    options: {
      stack: { type: "string", default: "dev" },
      format: { type: "string", default: "mermaid" },
      out: { type: "string" },
      "no-status": { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;
}
