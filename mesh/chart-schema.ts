/** A person's Helm values against a chart's own schema, which Helm asks only in the middle of an `up`. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { isMap, type HelmValues } from "./istio-values";
import type { MeshSpec } from "./mesh-spec";
import { settingPath, show, type Problem } from "./problems";
import { below } from "./rules/reserved";
import { didYouMean, valueAt } from "./schema-problems";

/** Where a person's values for a chart stand, below `weft:mesh` and in an entry alike. */
const places: Record<string, string[]> = {
  base: ["istio.base.values"],
  cni: ["istio.cni.values"],
  istiod: ["istio.values"],
  gateway: ["eastWest.values", "ingress.values"],
};

/**
 * What the chart refuses of them. That a key is missing is left to Helm, which sees the chart's defaults and Weft's values as well.
 * @param schema contents of the chart's values.schema.json
 */
export function chartSchemaProblems({ config, members }: MeshSpec, chart: string, schema: object): Problem[] {
  const judge = compiled(schema);
  if (judge === undefined) return [];
  const problems = (places[chart] ?? []).flatMap((place) =>
    members.flatMap((member) => {
      const values = valueAt(member, place.split("."));
      if (!isMap(values) || judge(values)) return [];
      const ofAll = valueAt(config, place.split("."));
      const errors = judge.errors!.filter(({ keyword }) => keyword !== "required");
      return errors.map((error): Problem => {
        const at = pathOf(error);
        const isOfAll = JSON.stringify(valueAt(ofAll, at)) === JSON.stringify(valueAt(values, at));
        const path = below(`${isOfAll ? "weft:mesh" : member.path}.${place}`, settingPath(["", ...at]));
        return { path, ...refusalOf(error, chart, values) };
      });
    }),
  );
  // The alternatives of a schema each say why not; and several members may have a value of the mesh.
  return [...new Map(problems.map((problem) => [problem.path, problem])).values()];
}

/** Undefined where it refers to what is elsewhere: Helm judges then. */
function compiled(schema: object): ValidateFunction | undefined {
  try {
    const ajv = new Ajv({
      allErrors: true,
      verbose: true,
      strict: false,
      validateFormats: false,
      logger: false,
    });
    // Helm takes any `$schema`; an address that Ajv does not know, as Istio's is, would be an error.
    return ajv.compile({ ...schema, $schema: undefined });
  } catch {
    return undefined;
  }
}

/** Keys in the values: https://ajv.js.org/api.html#error-objects */
function pathOf({ instancePath, params }: ErrorObject): (string | number)[] {
  const keys = instancePath
    .split("/")
    .slice(1)
    .map((key) => key.replace(/~1/g, "/").replace(/~0/g, "~"))
    .map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  const { additionalProperty } = params as { additionalProperty?: string };
  return additionalProperty === undefined ? keys : [...keys, additionalProperty];
}

function refusalOf(error: ErrorObject, chart: string, values: HelmValues): Omit<Problem, "path"> {
  const { keyword, message, params, parentSchema } = error;
  const refuses = `The chart's own schema (${chart}/values.schema.json) refuses it: it`;
  const remedy = "Correct it, or leave it out.";
  if (keyword === "additionalProperties") {
    const known = Object.keys((parentSchema?.["properties"] as object | undefined) ?? {});
    return {
      message: `${refuses} does not know the key.`,
      remedy,
      ...didYouMean(pathOf(error).at(-1), known),
    };
  }
  const { allowedValues } = params as { allowedValues?: unknown[] };
  const allowed = allowedValues?.map((one) => JSON.stringify(one)).join(", ");
  const reason = allowed === undefined ? message! : `must be one of ${allowed}`;
  return { value: show(valueAt(values, pathOf(error))), message: `${refuses} ${reason}.`, remedy };
}
