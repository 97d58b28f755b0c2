import { parseMesh } from "../../mesh/parse";
import { ConfigError, type Problem } from "../../mesh/problems";
import { now } from "./authorities";

/** Problems of a stack config. */
export function problemsOf(input: { mesh?: unknown; clusters?: unknown }): Problem[] {
  try {
    parseMesh(input, now);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** A member that is right by itself. */
export function cluster(name: string, more: object = {}) {
  return { name, context: `kind-${name}`, ...more };
}
