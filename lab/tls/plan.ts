/** What becomes of a resource: which inputs are taken, what they make of a state, and what that replaces. */
import { isDeepStrictEqual } from "node:util";
import type { Kind, Values } from "./kinds";
import { isGiven, onlyGiven, unknown } from "./state";

/** Why the double does not take a program's inputs. Types are left to the SDK, and what is not known yet passes. */
export function refusals({ properties }: Kind, inputs: Values): string[] {
  const given = Object.entries(onlyGiven(inputs));
  const missing = Object.keys(properties).filter(
    (name) => properties[name]!.input === "required" && !isGiven(inputs[name]),
  );
  const refused = given.flatMap(([name, value]) => {
    const { input, allowed } = properties[name] ?? {};
    if (!input) return [name];
    const isObject = typeof value === "object" && !Array.isArray(value);
    const parts = isObject ? Object.keys(onlyGiven(value as Values)) : ([value].flat() as string[]);
    const others = allowed ? parts.filter((part) => part !== unknown && !allowed.includes(part)) : [];
    return others.map((part) => `${name}: ${part}`);
  });
  return [
    ...missing.map((name) => `Missing required property '${name}'`),
    ...refused.map((what) => `the lab's double of the tls provider does not take ${what}`),
  ];
}

/**
 * What a resource would become with these inputs, and which of its properties make that a replacement. Without a prior state it is
 * new. Values that only the operation itself can tell are unknown.
 *
 * The order of the steps is that of Terraform's plugin framework: inputs and defaults, then unknown values where anything changed,
 * then the rules of each property, then those of the resource.
 */
export function plan(kind: Kind, prior: Values | undefined, inputs: Values, now: Date) {
  const properties = Object.entries(kind.properties);
  const planned: Values = {};
  for (const [name, { input, fallback, computed }] of properties) {
    const value = inputs[name];
    if (input && isGiven(value)) planned[name] = name === "subject" ? withoutNulls(value) : value;
    else if (fallback !== undefined) planned[name] = fallback;
    else if (computed) planned[name] = prior ? prior[name] : unknown;
  }
  const changed = () => (prior ? changes(kind, prior, planned).map(({ name }) => name) : []);
  if (changed().length > 0) {
    for (const [name, { computed }] of properties) if (computed === true) planned[name] = unknown;
  }
  const replaces = changed().filter((name) => kind.properties[name]!.replaces);
  if ("readyForRenewal" in planned) {
    const isAlways = Number(planned.earlyRenewalHours) >= Number(planned.validityPeriodHours);
    if (isAlways) planned.readyForRenewal = true;
    if (prior && isDue(planned, now)) {
      planned.readyForRenewal = unknown;
      replaces.push("readyForRenewal");
    }
  }
  return { planned: onlyGiven(planned), replaces: replaces.sort() };
}

const withoutNulls = (subject: unknown) => (subject === unknown ? unknown : onlyGiven(subject as Values));

/** Whether a certificate has entered the last earlyRenewalHours before its end. */
export function isDue({ validityEndTime, earlyRenewalHours }: Values, now: Date): boolean {
  const end = Date.parse(validityEndTime as string);
  return now.getTime() >= end - Number(earlyRenewalHours) * 3_600_000;
}

/** Which properties change and how, by name. What is not set and what is null are the same. */
export function changes({ properties }: Kind, prior: Values, planned: Values) {
  const changed = Object.keys(properties).filter(
    (name) => !isDeepStrictEqual(prior[name] ?? null, planned[name] ?? null),
  );
  return changed.sort().map((name) => {
    if (!isGiven(prior[name])) return { name, kind: "ADD" as const };
    return { name, kind: isGiven(planned[name]) ? ("UPDATE" as const) : ("DELETE" as const) };
  });
}
