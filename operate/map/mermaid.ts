/** The map as a Mermaid flowchart, for Markdown. Pure. https://mermaid.js.org/syntax/flowchart.html */
import { marks } from "../report-text";
import type { MapMember, MeshMap } from "./model";

export function mermaid(map: MeshMap): string {
  const members = map.networks.flatMap(({ members }) => members);
  return [
    "flowchart LR",
    ...map.networks.flatMap(({ name, members }) => [
      `  subgraph ${id("n", name)}["network ${escape(name)}"]`,
      ...members.map((member) => `    ${id("m", member.name)}["${label(member)}"]${style(member)}`),
      "  end",
    ]),
    ...(map.reads ?? []).map(({ reader, peer, broken }) =>
      broken
        ? `  ${id("m", reader)} -. does not read .-x ${id("m", peer)}`
        : `  ${id("m", reader)} --> ${id("m", peer)}`,
    ),
    ...members.flatMap(({ name, servedBy }) =>
      servedBy === undefined ? [] : [`  ${id("m", servedBy)} == istiod ==> ${id("m", name)}`],
    ),
    `  reading["${map.reading.map(escape).join("<br/>")}"]:::note`,
    `  trust["${map.trust.map(escape).join("<br/>")}"]:::note`,
    "  classDef ok stroke:#2da44e,stroke-width:2px",
    "  classDef failed stroke:#cf222e,stroke-width:3px",
    "  classDef unknown stroke:#bf8700,stroke-width:2px,stroke-dasharray:4",
    "  classDef note stroke-dasharray:2",
    "",
  ].join("\n");
}

function label({ name, role, version, gateway, verdict, failed, unknown }: MapMember): string {
  const health =
    verdict === undefined ? [] : [[marks[verdict], ...(failed.length > 0 ? failed : unknown)].join(" ")];
  const lines = [
    `<b>${escape(name)}</b>`,
    [role, version].map(escape).join(" · "),
    ...(gateway === undefined ? [] : [`⇄ ${escape(gateway)}`]),
    ...health.map(escape),
  ];
  return lines.join("<br/>");
}

function style({ verdict }: MapMember): string {
  return verdict === undefined ? "" : `:::${verdict}`;
}

/** From the name, not from a position: what a change does not touch stays the same in a diff. */
function id(kind: "m" | "n", name: string): string {
  return `${kind}_${name.replace(/[^A-Za-z0-9]/g, (character) => `_${character.charCodeAt(0).toString(16)}_`)}`;
}

/** Mermaid's own entities: https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters */
function escape(text: string): string {
  return text.replace(/[#&<>"`]/g, (character) => `#${character.charCodeAt(0)};`);
}
