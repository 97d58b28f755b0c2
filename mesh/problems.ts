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

/** One that is always told how to mend it. */
export type Refusal = Problem & { remedy: string };

/** Carries every problem found in one run. Its message is the text to show. */
export class ConfigError extends Error {
  constructor(readonly problems: Problem[]) {
    super(renderProblems(problems));
    this.name = "ConfigError";
  }
}

/** The text a person reads: one problem per paragraph. */
export function renderProblems(problems: Problem[]): string {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return [`${count}; nothing was changed.`, ...problems.map(renderProblem)].join("\n\n");
}

/** One of them: where and what was found, what is wrong, what to do, a line each. */
export function renderProblem({ path, value, message, remedy }: Problem): string {
  return [value === undefined ? path : `${path} = ${value}`, message, remedy]
    .filter((line) => line !== undefined)
    .join("\n  ");
}

/**
 * The path of a setting in Pulumi's notation: `weft:clusters[0].ingress.service.annotations["example.com/type"]`.
 * https://www.pulumi.com/docs/iac/concepts/config/#structured-configuration
 */
export function settingPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment, index) => {
    if (typeof segment === "number") return `${path}[${segment}]`;
    const key = String(segment);
    if (index === 0) return `weft:${key}`;
    return /^[^."[\]]+$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
  }, "");
}

/** A value as it may be shown: never the contents of a map, a list, a URL with credentials or a longer text. */
export function show(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return "(a list)";
  if (typeof value === "object" && value !== null) return "(a map)";
  if (typeof value !== "string") return JSON.stringify(value);
  // A kubeconfig, a key or a token that was put under the wrong key.
  if (value.includes("\n") || value.length > 80) return `(a text of ${value.length} characters)`;
  if (/\/\/[^/]*@/.test(value)) return "(a URL with credentials)";
  return /^(|null|true|false|\d+(\.\d+)?|\s.*|.*\s)$/.test(value) ? JSON.stringify(value) : value;
}
