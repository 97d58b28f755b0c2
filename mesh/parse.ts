/** The mesh that a stack config describes: every default applied, every rule kept. */
import type { z } from "zod";
import { draftOf } from "./draft";
import type { MeshSpec } from "./mesh-spec";
import { ConfigError } from "./problems";
import { brokenRules } from "./rules";
import { flatten, schemaProblems, valueAt } from "./schema-problems";
import { stackSchema } from "./schema";

/**
 * Parses `weft:mesh` and `weft:clusters`.
 * @param now when certificates in the config have to be valid, and tokens that are renewed by time are issued.
 * @throws ConfigError with every problem found: those of the schema, and those across keys of what parses.
 */
export function parseMesh(input: { mesh?: unknown; clusters?: unknown }, now = new Date()): MeshSpec {
  const written = withText(input);
  const parsed = stackSchema.safeParse(written);
  const draft = draftOf(written, now);
  const problems = [
    ...(parsed.success ? [] : schemaProblems(stackSchema, written, parsed.error.issues)),
    ...brokenRules(draft),
  ];
  if (problems.length > 0) throw new ConfigError(problems);
  return draft.mesh;
}

/**
 * What Pulumi's command line took for a number or a boolean is text again where the schema wants text:
 * `pulumi config set --path 'weft:clusters[0].network' 1` stores the number 1, and annotations are often "true".
 * https://github.com/pulumi/pulumi/blob/master/sdk/go/common/resource/config/object.go (coerce)
 */
function withText(input: { mesh?: unknown; clusters?: unknown }): { mesh?: unknown; clusters?: unknown } {
  const parsed = stackSchema.safeParse(input);
  if (parsed.success) return input;
  const coerced = flatten(parsed.error.issues).filter(
    (issue) => wantsText(issue) && isCoerced(valueAt(input, issue.path)),
  );
  if (coerced.length === 0) return input;
  const written = structuredClone(input);
  for (const { path } of coerced) {
    const parent = valueAt(written, path.slice(0, -1)) as Record<PropertyKey, unknown>;
    parent[path.at(-1)!] = String(valueAt(written, path));
  }
  return written;
}

function wantsText(issue: z.core.$ZodIssue): boolean {
  return issue.code === "invalid_type" && issue.expected === "string";
}

function isCoerced(value: unknown): boolean {
  return typeof value === "boolean" || Number.isSafeInteger(value);
}
