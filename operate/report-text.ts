/** A report as a person reads it on a terminal. Pure, but for the colours. */
import Table from "cli-table3";
import colors from "picocolors";
import { checks, type CheckName } from "./checks";
import { plural, type Verdict } from "./checks/check";
import { findings, type CheckResult, type Finding, type Report } from "./report";

export const marks: Record<Verdict, string> = { ok: "✔", failed: "✘", unknown: "?" };
const colour: Record<Verdict, (text: string) => string> = {
  ok: colors.green,
  failed: colors.red,
  unknown: colors.yellow,
};

export function renderReport(report: Report): string {
  const failures = findings(report, ["failed"]);
  const doubts = findings(report, ["unreadable", "unseen", "todo"]);
  return [
    headline(report),
    table(report),
    ...failures.map((finding) => renderFinding("failed", finding)),
    ...doubts.map((finding) => renderFinding("unknown", finding)),
  ].join("\n\n");
}

export function headline({ mesh, verdict, members }: Report): string {
  const counts = (["ok", "failed", "unknown"] as const)
    .map((kind) => [members.filter((member) => member.verdict === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} ${kind}`);
  return `${colour[verdict](marks[verdict])} ${mesh}: ${plural(members.length, "member")}, ${counts.join(", ")}`;
}

/** One line for each member, one mark for each check that has looked at any of them. */
function table({ members }: Report): string {
  const looked = new Set(members.flatMap((member) => member.checks.map(({ check }) => check)));
  const names = (Object.keys(checks) as CheckName[]).filter((name) => looked.has(name));
  const lines = new Table({
    head: ["", ...names.map((name) => colors.bold(name))],
    style: { head: [] },
    chars: noBorders,
  });
  for (const member of members) {
    const mark = colour[member.verdict](marks[member.verdict]);
    lines.push([
      `${mark} ${member.name} ${colors.dim(`${member.role}, ${member.network}`)}`,
      ...names.map((name) => cell(member.checks.find(({ check }) => check === name))),
    ]);
  }
  return lines.toString();
}

const noBorders = Object.fromEntries(
  ["top", "bottom", "left", "right", "mid"]
    .flatMap((side) => [side, `${side}-mid`, `${side}-left`, `${side}-right`])
    .concat("left-mid", "mid-mid", "right-mid", "middle")
    .map((part) => [part, ""]),
);

/** What is worth its width; the rest is in the JSON. */
const detailed: CheckName[] = ["istiod", "revisions", "cacerts", "crls", "keys"];

function cell(result: CheckResult | undefined): string {
  if (result === undefined) return colors.dim("–");
  const mark = colour[result.verdict](marks[result.verdict]);
  const { detail } = result;
  return detail !== undefined && detailed.includes(result.check) ? `${mark} ${detail}` : mark;
}

function renderFinding(verdict: Verdict, { members, check, issue }: Finding): string {
  const who = members.join(", ");
  return [
    `${colour[verdict](marks[verdict])} ${colors.bold(who)} · ${check}`,
    `  ${issue.message}`,
    ...(issue.remedy === undefined ? [] : [`  → ${issue.remedy}`]),
  ].join("\n");
}
