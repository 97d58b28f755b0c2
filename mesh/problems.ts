/** What is wrong with a stack config, in words for the person who wrote it. */

/** One mistake. Everything in it may be shown: secrets are redacted before they get here. */
export interface Problem {
  /** Where, as one would type it after `pulumi config set --path`: `weft:clusters[2].apiServer`. */
  path: string;
  /** What was found there, as it may be shown. Left out when nothing was found. */
  value?: string;
  /** What is wrong. One sentence or two. */
  message: string;
  /** What to do about it. */
  remedy?: string;
}

/** Carries every mistake found in one run. Its message is the text to show. */
export class ConfigError extends Error {
  constructor(readonly problems: Problem[]) {
    super(renderProblems(problems));
    this.name = "ConfigError";
  }
}

/** One problem per paragraph. */
export function renderProblems(problems: Problem[]): string {
  const head = `The stack config has ${problems.length === 1 ? "a mistake" : `${problems.length} mistakes`}. Nothing was changed.`;
  return [head, ...problems.map(paragraph)].join("\n\n");
}

function paragraph({ path, value, message, remedy }: Problem): string {
  const lines = [value === undefined ? path : `${path}: ${value}`, `  ${message}`];
  if (remedy !== undefined) lines.push(`  ${remedy}`);
  return lines.join("\n");
}
