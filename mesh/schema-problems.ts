/** What the schema refuses, as problems: where, what was found, what would be right. */
import { closest, distance } from "fastest-levenshtein";
import type { z } from "zod";
import { settingPath, show, type Problem } from "./problems";
import { allowedKeys, isSecret } from "./schema-tree";

type Issue = z.core.$ZodIssue;

/** @param input what was parsed; the paths of the issues lead into it. */
export function schemaProblems(schema: z.ZodType, input: unknown, issues: Issue[]): Problem[] {
  const problems = flatten(issues).flatMap((issue) => problemsOf(schema, input, issue));
  // One value may break several checks of one form.
  return [...new Map(problems.map((problem) => [problem.path, problem])).values()];
}

/** With the issues of the one alternative that was meant in place of "no alternative fits". */
export function flatten(issues: Issue[]): Issue[] {
  return issues.flatMap((issue) => {
    if (issue.code !== "invalid_union") return [issue];
    const meant = meantAlternative(issue.errors);
    if (meant === undefined) return [issue];
    return flatten(meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
  });
}

/** The only alternative of the right type; else the only one that knows every key there is and misses none. */
function meantAlternative(alternatives: Issue[][]): Issue[] | undefined {
  const ofType = alternatives.filter((issues) => !issues.some(isOfAnotherType));
  const fitting = ofType.filter((issues) => issues.length > 0 && issues.every(isAboutAPresentKey));
  return ofType.length === 1 ? ofType[0] : fitting.length === 1 ? fitting[0] : undefined;
}

function isOfAnotherType(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code === "invalid_type";
}

function isAboutAPresentKey(issue: Issue): boolean {
  return issue.path.length > 0 && issue.code !== "unrecognized_keys";
}

function problemsOf(schema: z.ZodType, input: unknown, issue: Issue): Problem[] {
  const found = valueAt(input, issue.path);
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(schema, issue.path, found);
    return issue.keys.map((key) => unknownKey([...issue.path, key], key, allowed));
  }
  return [
    {
      path: settingPath(issue.path),
      value: isSecret(schema, issue.path) && found !== undefined ? "(secret)" : show(found),
      message: found === undefined ? `Required: ${form(issue)}.` : `Expected ${form(issue)}.`,
      ...didYouMean(found, choices(issue)),
    },
  ];
}

/** Its value is not shown: it may be a secret under a mistyped key. */
function unknownKey(path: PropertyKey[], key: string, allowed: string[]): Problem {
  return {
    path: settingPath(path),
    message: `Unknown key. Allowed here: ${allowed.toSorted().join(", ")}.`,
    ...didYouMean(key, allowed),
  };
}

/** A hint at the nearest of the allowed words, where one is near. */
export function didYouMean(found: unknown, allowed: string[]): { remedy?: string } {
  const word = typeof found === "string" ? meantBy(found, allowed) : undefined;
  return word === undefined ? {} : { remedy: `Did you mean \`${word}\`?` };
}

/** The nearest of the allowed words, where one is near. */
export function meantBy(found: string, allowed: string[]): string | undefined {
  if (allowed.length === 0) return undefined;
  const nearest = closest(
    found.toLowerCase(),
    allowed.map((word) => word.toLowerCase()),
  );
  const word = allowed.find((candidate) => candidate.toLowerCase() === nearest)!;
  const near = distance(found.toLowerCase(), nearest) <= Math.max(1, Math.floor(word.length / 3));
  return near ? word : undefined;
}

function choices(issue: Issue): string[] {
  if (issue.code === "invalid_value") return issue.values.map(String);
  if (issue.code === "invalid_union") return "options" in issue ? (issue.options ?? []).map(String) : [];
  return [];
}

function form(issue: Issue): string {
  const allowed = choices(issue);
  if (allowed.length > 0) return `one of ${allowed.join(", ")}`;
  if (issue.code === "invalid_type") {
    if (issue.expected === "object") return "a map";
    if (issue.expected === "array") return "a list";
  }
  return issue.message;
}

export function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key],
    input,
  );
}
