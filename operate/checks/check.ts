/** What a check is, and how one says what it found. */
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import type { Fact, MemberFacts, MeshFacts } from "../facts/facts";

export type Verdict = "ok" | "failed" | "unknown";

/** One thing that is wrong, or that could not be told. */
export interface Issue {
  kind:
    | "failed"
    /** It should have been readable: status cannot say that the member is healthy. */
    | "unreadable"
    /** It need not be visible from here, as a pod that does not run or a gateway of another network: no reason to doubt. */
    | "unseen"
    /** The mesh is well, and something is left for a person to do. */
    | "todo";
  /** What it means. One sentence or two. */
  message: string;
  /** What to do, with the command to type. */
  remedy?: string;
  /** The peers that the member does not read because of it. */
  unread?: string[];
}

export interface View {
  mesh: MeshSpec;
  member: Member;
  /** Facts of the member. */
  facts: MemberFacts;
  all: MeshFacts;
  now: Date;
}

export interface Outcome {
  issues: Issue[];
  /** What was found, in a word or two: `1.30.5`. */
  detail?: string;
}

/** Pure: looks at nothing but the facts. undefined: there is nothing to check on this member. */
export type Check = (view: View) => Outcome | undefined;

export function failed(message: string, remedy?: string, unread?: string[]): Issue {
  return { kind: "failed", message, remedy, unread };
}

export function unreadable({ reason }: { reason: string }): Issue {
  return { kind: "unreadable", message: `Not known: ${reason}.` };
}

export function unseen(reason: string): Issue {
  return { kind: "unseen", message: `Not known: ${reason}.` };
}

/** Judges a fact that should have been readable. */
export function judge<T>(fact: Fact<T>, verdict: (value: T) => Outcome): Outcome {
  return fact.known ? verdict(fact.value) : { issues: [unreadable(fact)] };
}

/** What mends an object that is missing, or that somebody has left without a field of Weft's. */
export const upRepairs = "`pulumi up --refresh` sets it right.";

/**
 * An `up` that takes back the fields that somebody has set. Server-side apply leaves a field to who set it, unless it is forced. (Without
 * force the provider takes over what kubectl has set, but its preview fails first: patchForce and fixCSAFieldManagers in
 * provider/pkg/await/await.go of pulumi-kubernetes.) The force becomes a setting of the providers in the state, so the next `up` without
 * it updates the providers, and nothing else.
 */
export const forcedUp = "`PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh`";

/** The way to mend what somebody has set otherwise. */
export const upTakesBack = `${forcedUp} sets it right.`;

/**
 * The way to mend an object of a chart: to the engine its release is one thing, and that has not changed.
 * @param kubectl as in `MemberFacts`.
 */
export function chartRepairs(kubectl: string, release: string): string {
  const helm = kubectl.replace(/^kubectl/, "helm").replace("--context", "--kube-context");
  return `\`${helm} -n istio-system get manifest ${release} | ${kubectl} apply -f -\` sets it right.`;
}

export function plural(count: number, one: string): string {
  return count === 1 ? `1 ${one}` : `${count} ${one}s`;
}

/** `40 min`, `16 h`, `3 d`: of milliseconds, rounded down. */
export function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

/** `a, b, c, d, 3 more`. */
export function few(names: string[]): string {
  const shown = names.slice(0, 4);
  const more = names.length - shown.length;
  return [...shown, ...(more > 0 ? [`${more} more`] : [])].join(", ");
}
