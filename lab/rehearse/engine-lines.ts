/** Many steps in few lines. Pure. */
import type { EngineStep, Op } from "./engine-steps";

export interface EngineLine {
  /** Such as `3` or `3-21`: the first and the last of them. */
  numbers: string;
  op: Op;
  member?: string;
  what: string;
}

/**
 * What was created or deleted in one member is one line, in the place of its first step; what was changed, replaced or failed is a
 * line of its own each.
 */
export function engineLines(steps: EngineStep[]): EngineLine[] {
  const groups = new Map<string, EngineStep[]>();
  for (const step of steps) {
    const { op, member, name, number } = step;
    const id = op === "created" || op === "deleted" ? `${op} ${member}` : `${name} ${number}`;
    groups.set(id, [...(groups.get(id) ?? []), step]);
  }
  return [...groups.values()].map((group) => {
    const [first, last] = [group[0]!, group.at(-1)!];
    return {
      numbers: first === last ? String(first.number) : `${first.number}-${last.number}`,
      op: first.op,
      member: first.member,
      what: group.length === 1 ? single(first) : types(group),
    };
  });
}

function single({ type, name, inputs }: EngineStep): string {
  return `${type} ${name}${inputs.length === 0 ? "" : ` (${inputs.join(", ")})`}`;
}

function types(steps: EngineStep[]): string {
  const counts = new Map<string, number>();
  for (const { type } of steps) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, count]) => (count === 1 ? type : `${count} ${type}`)).join(", ");
}
