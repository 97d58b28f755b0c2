/** The comment on a pull request: what its change does to the mesh of one stack, for a person who knows meshes. Pure. */
import { mermaid } from "../operate/map/mermaid";
import { mapOf } from "../operate/map/model";
import type { MeshSpec } from "../mesh/mesh-spec";
import { changesOf, type Changes } from "./changes";
import { code, cut, fenced, folded, list } from "./markdown";
import { redact } from "./redact";
import { reasonsToFail, type Op, type Preview, type Resource } from "./preview";

export interface CommentArgs {
  stack: string;
  preview: Preview;
  /** The commit that was previewed, and the run that did it. @default not said */
  source?: { commit: string; run: string };
}

/** Finds the comment of a stack again. A comment begins with it. */
export function markerOf(stack: string): string {
  return `<!-- weft: ${stack} -->`;
}

/**
 * Most members on a map, and most characters of each part. GitHub takes 65,536 in all:
 * https://github.com/orgs/community/discussions/27190
 */
const most = {
  onMap: 50,
  reasons: 12_000,
  warnings: 3_000,
  members: 14_000,
  trust: 8_000,
  map: 9_000,
  plan: 9_000,
};

export function commentOn({ stack, preview, source }: CommentArgs): string {
  const reasons = reasonsToFail(preview);
  // A program that fails registers no more resources, so what it would have changed is not known.
  const isWhole = preview.ended && preview.errors.length === 0;
  const changes = changesOf(preview);
  const plan = preview.resources.filter(({ op, custom }) => custom && op !== "same");
  const parts = isWhole
    ? [members(changes), trust(changes), maps(changes), planOf(plan)]
    : ["What it would change is not known: the preview stopped before that."];
  return [
    markerOf(stack),
    `### Mesh of stack ${code(stack)}: ${headline(changes, plan, reasons, isWhole)}`,
    ...failure(reasons),
    ...warnings(preview),
    ...parts,
    footer(preview, source),
  ]
    .filter((part) => part !== undefined && part !== "")
    .join("\n\n");
}

/** In place of a preview that never got to its end, or to its first event. */
export function commentWithout(stack: string, sentence: string): string {
  return `${markerOf(stack)}\n\n### Mesh of stack ${code(stack)}\n\n${sentence}\n`;
}

function headline(changes: Changes, plan: Resource[], reasons: string[], isWhole: boolean): string {
  const { joining, leaving, changing } = changes;
  const count = (number: number, one: string, many: string) =>
    number === 0 ? [] : [`${number} member${number === 1 ? ` ${one}` : `s ${many}`}`];
  const what = [
    ...count(joining.length, "joins", "join"),
    ...count(leaving.length, "leaves", "leave"),
    ...count(changing.flatMap(({ members }) => members).length, "changes", "change"),
    ...(changes.trust.length === 0 ? [] : ["trust changes"]),
  ];
  const said =
    what.length > 0 ? what.join(", ") : plan.length > 0 ? "the mesh stays as it is" : "nothing changes";
  return [...(reasons.length === 0 ? [] : ["the preview fails"]), ...(isWhole ? [said] : [])].join("; ");
}

function failure(reasons: string[]): string[] {
  if (reasons.length === 0) return [];
  const text = cut(redact(reasons.join("\n\n")).split("\n"), most.reasons, "lines of what is wrong");
  return [`> [!CAUTION]\n> This change cannot be deployed.`, fenced(text)];
}

function warnings({ warnings }: Preview): string[] {
  if (warnings.length === 0) return [];
  return [
    "**Warnings**",
    fenced(cut(redact(warnings.join("\n\n")).split("\n"), most.warnings, "lines of warnings")),
  ];
}

function members({ joining, leaving, changing }: Changes): string | undefined {
  const rows = [
    ...joining.map(({ name, role, servedBy, network, version }) =>
      row(
        "joins",
        [name],
        [
          servedBy === undefined ? role : `${role}, served by ${code(servedBy)}`,
          `network ${code(network)}`,
          ...(role === "primary"
            ? [`istiod ${version === undefined ? "of a local chart" : code(version)}`]
            : []),
        ],
      ),
    ),
    ...leaving.map((name) => row("**leaves**", [name], ["everything that Weft made in it is deleted"])),
    ...changing.map(({ members, what }) => row(members.length === 1 ? "changes" : "change", members, what)),
  ];
  if (rows.length === 0) return undefined;
  return ["| | member | |", "| --- | --- | --- |", cut(rows, most.members, "members")].join("\n");
}

const row = (what: string, members: string[], details: string[]) =>
  `| ${what} | ${list(members)} | ${details.join("<br>")} |`;

function trust({ trust }: Changes): string | undefined {
  if (trust.length === 0) return undefined;
  return `**Trust**\n\n${cut(
    trust.map((sentence) => `- ${sentence}`),
    most.trust,
    "changes in trust",
  )}`;
}

function maps({ before, after }: Changes): string | undefined {
  const [from, to] = [drawn(before), drawn(after)];
  if (from === to) return to && folded("Map, unchanged", to);
  return [from && folded("Map before, as last deployed", from), to && folded("Map after", to, "open")]
    .filter((map) => map !== undefined)
    .join("\n\n");
}

function drawn(mesh: MeshSpec | undefined): string | undefined {
  if (mesh === undefined) return undefined;
  const text = mesh.members.length > most.onMap ? "" : mermaid(mapOf(mesh)).trimEnd();
  return text === "" || text.length > most.map
    ? `A map of ${mesh.members.length} members is too large for a comment: draw it with \`npm run graph\`.`
    : fenced(text, "mermaid");
}

const signs: Record<Op, string> = { create: "+", update: "!", replace: "!", delete: "-", same: " " };

/** Paths and no values: what is in Secrets, kubeconfigs and certificates is nobody's business here. */
function planOf(plan: Resource[]): string | undefined {
  if (plan.length === 0) return undefined;
  const count = (["create", "update", "replace", "delete"] as const).flatMap((op) => {
    const number = plan.filter((resource) => resource.op === op).length;
    return number === 0 ? [] : [`${number} to ${op}`];
  });
  const lines = plan.map(({ op, type, name, paths }) =>
    [signs[op], op, type, name, ...(paths.length === 0 ? [] : [`[${paths.join(", ")}]`])].join(" "),
  );
  return folded(`Pulumi's plan: ${count.join(", ")}`, fenced(cut(lines, most.plan, "resources"), "diff"));
}

function footer({ policyPacks, ended }: Preview, source: CommentArgs["source"]): string | undefined {
  const said = [
    ...(policyPacks.length > 0 ? [`Policy pack ${policyPacks.map(code).join(", ")}`] : []),
    ...(ended && policyPacks.length === 0 ? ["No policy pack was run"] : []),
    ...(source === undefined ? [] : [`commit ${code(source.commit.slice(0, 12))}`, `[run](${source.run})`]),
  ];
  return said.length === 0 ? undefined : `<sub>${said.join(" · ")}</sub>`;
}
