import { isDeepStrictEqual } from "node:util";

export type Json = Record<string, unknown>;

export function isMap(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Paths at which two values differ, sorted; never the values. Lists are compared as a whole, and no map is like an empty one. */
export function differingPaths(before: unknown, after: unknown, path = ""): string[] {
  if ([before, after].some(isMap) && [before, after].every((value) => value === undefined || isMap(value))) {
    const [old, now] = [before ?? {}, after ?? {}] as [Json, Json];
    return [...new Set([...Object.keys(old), ...Object.keys(now)])]
      .sort()
      .flatMap((key) => differingPaths(old[key], now[key], path === "" ? key : `${path}.${key}`));
  }
  return isDeepStrictEqual(before, after) ? [] : [path];
}
