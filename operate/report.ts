/** The verdicts on a mesh. Pure. */
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { checks, type CheckName } from "./checks";
import type { Issue, Outcome, Verdict } from "./checks/check";
import type { MeshFacts } from "./facts/facts";

export interface CheckResult {
  check: CheckName;
  verdict: Verdict;
  detail?: string;
  issues: Issue[];
}

export interface MemberReport {
  name: string;
  role: Member["role"];
  network: string;
  verdict: Verdict;
  /** Without the checks that there is nothing to check for. */
  checks: CheckResult[];
}

export interface Report {
  mesh: string;
  verdict: Verdict;
  members: MemberReport[];
}

/** @param now when certificates have to be valid. */
export function judgeMesh(mesh: MeshSpec, facts: MeshFacts, now = new Date()): Report {
  const members = mesh.members.map((member) => judgeMember(mesh, member, facts, now));
  return { mesh: mesh.config.id, verdict: worst(members.map(({ verdict }) => verdict)), members };
}

function judgeMember(mesh: MeshSpec, member: Member, all: MeshFacts, now: Date): MemberReport {
  const facts = all.members.get(member.name)!;
  const names = Object.keys(checks) as CheckName[];
  const results = names.flatMap((check): CheckResult[] => {
    // One cause, one failure.
    if (check !== "api" && !facts.api.reachable) {
      return [{ check, verdict: "unknown", issues: [] }];
    }
    const outcome: Outcome | undefined = checks[check]({ mesh, member, facts, all, now });
    return outcome === undefined ? [] : [{ check, verdict: verdictOf(outcome.issues), ...outcome }];
  });
  const { name, role, network } = member;
  return { name, role, network, verdict: health(results), checks: results };
}

function verdictOf(issues: Issue[]): Verdict {
  if (issues.some(({ kind }) => kind === "failed")) return "failed";
  return issues.some(({ kind }) => kind !== "todo") ? "unknown" : "ok";
}

/** What need not be visible from here is no reason to doubt. */
function health(results: CheckResult[]): Verdict {
  const kinds = results.flatMap(({ issues }) => issues.map(({ kind }) => kind));
  if (kinds.includes("failed")) return "failed";
  return kinds.includes("unreadable") ? "unknown" : "ok";
}

function worst(verdicts: Verdict[]): Verdict {
  return (["failed", "unknown"] as const).find((verdict) => verdicts.includes(verdict)) ?? "ok";
}

export interface Finding {
  /** Names of those that have it in common. */
  members: string[];
  check: CheckName;
  issue: Issue;
}

/** The issues of these kinds: what several members have in common is said once. */
export function findings({ members }: Report, kinds: Issue["kind"][]): Finding[] {
  const found = new Map<string, Finding>();
  for (const { name, checks: results } of members) {
    for (const { check, issues } of results) {
      for (const issue of issues.filter(({ kind }) => kinds.includes(kind))) {
        const key = JSON.stringify([check, issue.message, issue.remedy]);
        const finding = found.get(key);
        if (finding === undefined) found.set(key, { members: [name], check, issue });
        else finding.members.push(name);
      }
    }
  }
  return [...found.values()];
}
