/** A resource as the engine keeps it. */
import type { Kind, Values } from "./kinds";

/** Stands for a value that only the update will tell. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const isGiven = (value: unknown) => value !== undefined && value !== null;

export const onlyGiven = (values: Values): Values =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => isGiven(value)));

const marked = (value: unknown) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  value,
});

/** Marks what the provider knows to be secret. @param bare a value that is left as it is */
export function secrets({ properties }: Kind, values: Values, bare?: string): Values {
  const mark = ([name, value]: [string, unknown]) => {
    const isSecret = properties[name]?.secret && isGiven(value) && value !== bare;
    return [name, isSecret ? marked(value) : value] as const;
  };
  return Object.fromEntries(Object.entries(values).map(mark));
}

/**
 * The state, with what the real provider needs to turn it back into Terraform's, so that a stack made with the double can go on with
 * the real one.
 */
export function stored(kind: Kind, values: Values): Values {
  const names = Object.keys(kind.properties);
  const kept = Object.fromEntries(Object.entries(onlyGiven(values)).filter(([name]) => names.includes(name)));
  return {
    ...secrets(kind, kept),
    __pulumi_raw_state_delta: { obj: delta(names, kept) },
    ...(kind.schemaVersion && { __meta: JSON.stringify({ schema_version: kind.schemaVersion }) }),
  };
}

const subject =
  "commonName locality organization country emailAddress organizationalUnit postalCode province serialNumber streetAddresses";

/**
 * Where Terraform's state differs from the properties: what is absent here is null there, and a list with at most one element there is
 * an object here. The format is pulumi-terraform-bridge's RawStateDelta (pkg/tfbridge/rawstate.go).
 */
function delta(names: string[], values: Values): Values {
  const fields = names.flatMap((name): [string, unknown][] => {
    const value = values[name];
    if (!isGiven(value)) return [[name, marked({ replace: { raw: name === "subject" ? [] : null } })]];
    if (Array.isArray(value)) return [[name, { arr: {} }]];
    if (typeof value !== "object") return [];
    const fields = delta(subject.split(" "), value as Values);
    return [[name, { plu: { i: { obj: { ...fields, renamed: { streetAddresses: "street_address" } } } } }]];
  });
  return fields.length === 0 ? {} : { ps: Object.fromEntries(fields) };
}
