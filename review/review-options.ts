/** The command line of `npm run review`. */
import { parseUsage, UsageError } from "../operate/usage";

export const usage = `Usage: npm run review -- COMMAND

  stacks --base REF [--head REF]             the stacks that the change touches, as JSON (default head: HEAD)
  comment --stack NAME --preview FILE        the comment on the preview of a stack, as Markdown
  post --pull-request N --stacks JSON --comments DIR
                                             put DIR/<stack>.md of each stack on the pull request

FILE is what \`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true npm run --silent preview -- --json\` prints.
\`post\` uses gh, in $GITHUB_REPOSITORY.`;

export type Command =
  | { command: "stacks"; base: string; head: string }
  | { command: "comment"; stack: string; preview: string }
  | { command: "post"; pullRequest: number; stacks: string[]; comments: string }
  | { command: "help" };

/** @throws UsageError */
export function parseOptions(argv: string[]): Command {
  const { values, positionals } = parse(argv);
  const [command, ...others] = positionals;
  if (values.help) return { command: "help" };
  if (others.length > 0) throw new UsageError(`${others.join(" ")}: not understood.`);
  const need = (name: Exclude<keyof typeof values, "help">) => {
    const value = values[name];
    if (value === undefined || value === "") throw new UsageError(`${command} needs --${name}.`);
    return value;
  };
  switch (command) {
    case "stacks":
      return { command, base: need("base"), head: values.head ?? "HEAD" };
    case "comment":
      return { command, stack: need("stack"), preview: need("preview") };
    case "post":
      return {
        command,
        pullRequest: number(need("pull-request")),
        stacks: names(need("stacks")),
        comments: need("comments"),
      };
    case undefined:
      throw new UsageError("A command is missing.");
    default:
      throw new UsageError(`${command}: no such command.`);
  }
}

function parse(argv: string[]) {
  return parseUsage({
    args: argv,
    allowPositionals: true,
    options: {
      base: { type: "string" },
      head: { type: "string" },
      stack: { type: "string" },
      preview: { type: "string" },
      "pull-request": { type: "string" },
      stacks: { type: "string" },
      comments: { type: "string" },
      help: { type: "boolean" },
    },
  });
}

function number(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new UsageError(`--pull-request ${text}: the number of a pull request.`);
  return Number(text);
}

function names(text: string): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (Array.isArray(parsed) && parsed.every((name) => typeof name === "string")) return parsed;
  } catch {
    // Said below.
  }
  throw new UsageError(`--stacks ${text}: a JSON list of names, as \`stacks\` prints it.`);
}
