/** Who answered whom. Pure. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import { reachedFrom } from "../../mesh/requests";
import { trustedBy } from "../../mesh/topology";
import type { Answer } from "./requests";

/** What came of the requests of one member. */
export interface Row {
  from: string;
  requests: number;
  /** How many each member answered, by its name; all members are in it. */
  answers: Record<string, number>;
  /** How many nobody answered, by reason: `HTTP 503`. */
  failures: Record<string, number>;
  /** Median of what was answered, in milliseconds; undefined where nothing was. */
  medianMs?: number;
  /** Members that should have answered and did not. */
  missing: string[];
}

/**
 * The row of one member.
 * @param podOwners members by the names of their helloworld pods.
 */
export function rowOf(mesh: MeshSpec, from: string, answers: Answer[], podOwners: Map<string, string>): Row {
  const counts = Object.fromEntries(mesh.members.map(({ name }) => [name, 0]));
  const failures: Record<string, number> = {};
  const times: number[] = [];
  for (const answer of answers) {
    const owner = answer.answered ? podOwners.get(answer.pod) : undefined;
    if (answer.answered && owner !== undefined) {
      counts[owner]! += 1;
      times.push(answer.ms);
    } else {
      const reason = answer.answered ? `answered by unknown pod ${answer.pod}` : answer.reason;
      failures[reason] = (failures[reason] ?? 0) + 1;
    }
  }
  return {
    from,
    requests: answers.length,
    answers: counts,
    failures,
    medianMs: median(times),
    missing: expectedOf(mesh, from).filter((name) => counts[name] === 0),
  };
}

/** Members that answer the named one: those to which its requests go, as far as they trust each other. */
export function expectedOf(mesh: MeshSpec, from: string): string[] {
  const issuerOf = (name: string) => mesh.members.find((member) => member.name === name)!.primary;
  const trusts = (one: string, other: string) =>
    trustedBy(mesh, one).some(({ name }) => name === issuerOf(other));
  return reachedFrom(mesh, from)
    .map(({ name }) => name)
    .filter((name) => trusts(from, name) && trusts(name, from));
}

/**
 * Whether every member was answered by every one that should, without a failure. Requests to members that it does not
 * trust fail by design, so failures count only where it trusts all to which its requests go.
 */
export function isWhole(mesh: MeshSpec, rows: Row[]): boolean {
  return rows.every(({ from, missing, failures }) => {
    const trustsAll = expectedOf(mesh, from).length === reachedFrom(mesh, from).length;
    return missing.length === 0 && (Object.keys(failures).length === 0 || !trustsAll);
  });
}

function median(values: number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  if (sorted.length === 0) return undefined;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
