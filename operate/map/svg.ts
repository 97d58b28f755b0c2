/** The map as SVG: needs nothing from elsewhere, and is light or dark as the reader's screen is. Pure. */
import { marks } from "../report-text";
import { bow, layOut, type Box } from "./layout";
import type { MapMember, MeshMap } from "./model";

export function svg(map: MeshMap): string {
  const { width, height, networks } = layOut(map);
  const cards = new Map(
    networks.flatMap(({ members }) => members).map((box) => [box.member.name, box as Box] as const),
  );
  const remotes = map.networks.flatMap(({ members }) => members).filter(({ servedBy }) => servedBy);
  // Where single arrows would be too many, the card says who serves it.
  const edges =
    map.reads === undefined
      ? []
      : [
          ...map.reads.map(({ reader, peer, broken }) =>
            edge(
              cards.get(reader)!,
              cards.get(peer)!,
              broken ? "broken" : "reads",
              `${reader} ${broken ? "does not read" : "reads"} ${peer}`,
            ),
          ),
          ...remotes.map(({ name, servedBy }) =>
            edge(cards.get(servedBy!)!, cards.get(name)!, "serves", `istiod of ${servedBy!} serves ${name}`),
          ),
        ];
  const notes = [...map.reading, ...map.trust];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height + 20 * notes.length + 12}" role="img" aria-label="${escape(map.title)}">`,
    `<style>${css}</style>`,
    `<defs>${["reads", "broken", "serves"].map(arrowHead).join("")}</defs>`,
    ...networks.flatMap(({ members, ...area }) => [
      `<rect class="network" ${place(area)} rx="10"/>`,
      ...members.map(({ member, ...box }) => cardOf(member, box)),
    ]),
    ...edges,
    // Above the arrows, which may cross them.
    ...networks.map(
      ({ name, x, y, width: areaWidth }) =>
        `<text class="network-name" x="${x + areaWidth / 2}" y="${y + 18}">network ${escape(short(name, 22))}</text>`,
    ),
    ...notes.map(
      (note, index) => `<text class="note" x="12" y="${height + 20 * index + 8}">${escape(note)}</text>`,
    ),
    "</svg>",
    "",
  ].join("\n");
}

function cardOf(member: MapMember, box: Box): string {
  const { name, role, version, gateway, verdict, failed, unknown } = member;
  const left = box.x + 12;
  const health = verdict === undefined ? "" : `${marks[verdict]} `;
  const trouble =
    failed.length > 0
      ? `failed: ${failed.join(", ")}`
      : unknown.length > 0
        ? `not known: ${unknown.join(", ")}`
        : undefined;
  const third = trouble ?? (gateway === undefined ? "no gateway" : `⇄ ${gateway}`);
  return [
    `<g class="member ${role} ${verdict ?? "unread"}">`,
    `<title>${escape([name, role, version, gateway && `gateway ${gateway}`, trouble].filter(Boolean).join(", "))}</title>`,
    `<rect ${place(box)} rx="7"/>`,
    `<text class="name" x="${left}" y="${box.y + 24}"><tspan class="mark">${health}</tspan>${escape(short(name, 20))}</text>`,
    `<text x="${left}" y="${box.y + 45}">${escape(short(`${role} · ${version}`, 29))}</text>`,
    `<text class="${trouble === undefined ? "gateway" : "trouble"}" x="${left}" y="${box.y + 64}">${escape(short(third, 29))}</text>`,
    "</g>",
  ].join("");
}

function edge(from: Box, to: Box, kind: string, title: string): string {
  // The one who serves a member reads it as well: two arrows the same way.
  const { start, control, end } = bow(from, to, kind === "serves" ? 1.6 : 1);
  const at = ({ x, y }: { x: number; y: number }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
  return `<path class="edge ${kind}" d="M${at(start)} Q${at(control)} ${at(end)}" marker-end="url(#${kind})"><title>${escape(title)}</title></path>`;
}

function arrowHead(kind: string): string {
  return `<marker id="${kind}" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="head ${kind}" d="M0 0L8 4L0 8z"/></marker>`;
}

function place({ x, y, width, height }: Box): string {
  return `x="${x}" y="${y}" width="${width}" height="${height}"`;
}

/** Names differ at their ends. The whole is in the title. */
function short(text: string, length: number): string {
  if (text.length <= length) return text;
  const end = Math.floor((length - 1) / 2);
  return `${text.slice(0, length - 1 - end)}…${text.slice(-end)}`;
}

/** For text and attributes of XML and HTML. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const css = `
svg { --paper: #ffffff; --ink: #1f2328; --faint: #59636e; --area: #f3f5f8; --line: #c3cad2; --ok: #1a7f37; --failed: #cf222e; --unknown: #9a6700; --reads: #0969da; --serves: #8250df; font: 12px system-ui, sans-serif; background: var(--paper); }
@media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --area: #161b22; --line: #3d444d; --ok: #3fb950; --failed: #f85149; --unknown: #d29922; --reads: #58a6ff; --serves: #bc8cff; } }
text { fill: var(--ink); }
.network { fill: var(--area); stroke: var(--line); }
.network-name { text-anchor: middle; }
.network-name, .note, .gateway { fill: var(--faint); }
.note { font-size: 13px; }
.member rect { fill: var(--paper); stroke: var(--line); stroke-width: 1.5; }
.member.remote rect { stroke-dasharray: 5 3; }
.member.ok rect { stroke: var(--ok); }
.member.failed rect { stroke: var(--failed); stroke-width: 2.5; }
.member.unknown rect { stroke: var(--unknown); }
.name { font-size: 14px; font-weight: 600; }
.ok .mark { fill: var(--ok); }
.failed .mark, .failed .trouble { fill: var(--failed); }
.unknown .mark, .unknown .trouble { fill: var(--unknown); }
.edge { fill: none; stroke: var(--reads); stroke-width: 1.4; }
.edge.serves { stroke: var(--serves); stroke-width: 2.2; }
.edge.broken { stroke: var(--failed); stroke-dasharray: 4 4; stroke-width: 2; }
.head.reads { fill: var(--reads); }
.head.serves { fill: var(--serves); }
.head.broken { fill: var(--failed); }
`;
