/** Walking the schema by the keys of what was written. */
import { z } from "zod";
import { prose, secrets } from "./schema";

/** Without what only says whether a value may be left out. */
export function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault
    ? unwrap(schema.unwrap())
    : schema;
}

/** What the schema says of the value under a key; several where the alternatives of a union know the key. */
function childrenOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) return inner.options.flatMap((option) => childrenOf(option, key));
  if (inner instanceof z.ZodArray) return [inner.element];
  if (inner instanceof z.ZodRecord) return [inner.valueType];
  if (!(inner instanceof z.ZodObject)) return [];
  const child = (inner.shape as Record<PropertyKey, z.core.$ZodType>)[key];
  return child === undefined ? [] : [child];
}

/** Whether the value at the path, or something above it, must never be shown. */
export function isSecret(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  if (secrets.get(unwrap(schema) as z.ZodType) !== undefined) return true;
  const [key, ...rest] = path;
  return key !== undefined && childrenOf(schema, key).some((child) => isSecret(child, rest));
}

/** Whether the schema takes whatever stands at the path: it is below a map with keys of the person's own, or a text for people. */
export function isFreeForm(schema: z.core.$ZodType, path: readonly PropertyKey[]): boolean {
  const [key, ...rest] = path;
  if (key === undefined) return prose.get(unwrap(schema) as z.ZodType) !== undefined;
  if (unwrap(schema) instanceof z.ZodRecord) return true;
  return childrenOf(schema, key).some((child) => isFreeForm(child, rest));
}

/** The keys that are allowed in the map at the path; `value` is what stands there, to choose among alternatives. */
export function allowedKeys(schema: z.core.$ZodType, path: readonly PropertyKey[], value: unknown): string[] {
  const [key, ...rest] = path;
  if (key !== undefined) {
    return unique(childrenOf(schema, key).flatMap((child) => allowedKeys(child, rest, value)));
  }
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    const options = inner.options.filter((option) => chosen(inner, option, value));
    return unique(options.flatMap((option) => allowedKeys(option, [], value)));
  }
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/**
 * Every key that may be written, as `mesh.trust.roots[].name`: those with values of their own, lists, and maps that may be left out.
 */
export function keysIn(schema: z.core.$ZodType, path = ""): string[] {
  const inner = unwrap(schema);
  const own = schema instanceof z.ZodOptional || inner instanceof z.ZodArray ? [path] : [];
  return unique([...own, ...keysBelow(inner, path)]);
}

function keysBelow(schema: z.core.$ZodType, path: string): string[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((option) => keysIn(option, path));
  if (schema instanceof z.ZodArray) {
    return keysIn(schema.element, `${path}[]`).filter((key) => key !== `${path}[]`);
  }
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.entries(schema.shape as Record<string, z.core.$ZodType>).flatMap(([key, child]) =>
    keysIn(child, path === "" ? key : `${path}.${key}`),
  );
}

/** Whether the value says, by its discriminator, that it wants to be this alternative. */
function chosen(union: z.core.$ZodType, option: z.core.$ZodType, value: unknown): boolean {
  if (!(union instanceof z.ZodDiscriminatedUnion && option instanceof z.ZodObject)) return true;
  const key = union.def.discriminator;
  const literal = (option.shape as Record<string, z.core.$ZodType>)[key];
  return literal !== undefined && z.safeParse(literal, (value as Record<string, unknown>)[key]).success;
}

function unique(keys: string[]): string[] {
  return [...new Set(keys)];
}
