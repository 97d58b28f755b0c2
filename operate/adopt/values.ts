/** Helm values that a release was given, held against those that Weft gives it. Pure. */
import { isDeepStrictEqual } from "node:util";
import { type HelmValues, isMap, mergeValues, type ValueConflict } from "../../mesh/istio-values";

export interface Extra {
  /** What stack config has to say beside: for `istio.values` and the like. */
  values: HelmValues;
  /** What Weft gives another value, or none. */
  overruled: ValueConflict[];
}

/**
 * What of a release's values stack config has to say, so that an upgrade of Weft's keeps it.
 * @param live what the release was given.
 * @param ours what Weft gives it.
 * @param conflicts what of some values is not a person's to set.
 */
export function extraValues(
  live: HelmValues,
  ours: HelmValues,
  conflicts: (values: HelmValues) => ValueConflict[],
): Extra {
  const beyond = without(live, ours);
  const overruled = conflicts(beyond);
  const values = overruled.reduce((rest, { path }) => removed(rest, path), beyond);
  return { values, overruled };
}

/** The leaves of the first that the second does not have just so. */
function without(live: HelmValues, ours: HelmValues): HelmValues {
  const entries = Object.entries(live).flatMap(([key, value]): [string, unknown][] => {
    const own = ours[key];
    if (isMap(value) && isMap(own)) {
      const rest = without(value, own);
      return Object.keys(rest).length > 0 ? [[key, rest]] : [];
    }
    return isDeepStrictEqual(value, own) ? [] : [[key, value]];
  });
  return Object.fromEntries(entries);
}

/** Without the value at the path, and without the maps that hold nothing then. */
export function removed(values: HelmValues, [key = "", ...rest]: string[]): HelmValues {
  const { [key]: value, ...others } = values;
  if (rest.length === 0) return others;
  if (!isMap(value)) return values;
  const left = removed(value, rest);
  return Object.keys(left).length > 0 ? { ...values, [key]: left } : others;
}

/** The value at a path such as `global.meshID`. */
export function valueAt(values: HelmValues, path: string): unknown {
  return path.split(".").reduce<unknown>((node, key) => (isMap(node) ? node[key] : undefined), values);
}

/** The map that has each of these at its path; what is not set, or holds nothing, is left out. */
export function valuesOf(places: Record<string, unknown>): HelmValues {
  return Object.entries(places)
    .filter(([, value]) => value !== undefined && !(typeof value === "object" && isEmpty(value)))
    .map(([path, value]) => path.split(".").reduceRight<unknown>((inner, key) => ({ [key]: inner }), value))
    .reduce<HelmValues>((all, one) => mergeValues(all, one as HelmValues), {});
}

const isEmpty = (value: object | null) => Object.keys(value ?? {}).length === 0;
