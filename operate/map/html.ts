/** The map as one page that needs no network: SVG, and below it what is wrong. Pure. */
import { findings, type Report } from "../report";
import { marks } from "../report-text";
import type { MeshMap } from "./model";
import { escape, svg } from "./svg";

/** @param report left out: nothing was read. */
export function html(map: MeshMap, report?: Report): string {
  return [
    "<!doctype html>",
    '<html lang="en">',
    "<head>",
    '<meta charset="utf-8"/>',
    // Nothing may be loaded, whatever a name holds.
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`,
    '<meta name="viewport" content="width=device-width, initial-scale=1"/>',
    `<title>${escape(map.title)}</title>`,
    `<style>${css}</style>`,
    "</head>",
    "<body>",
    `<h1>${escape(map.title)}</h1>`,
    svg(map).trim(),
    legend(map),
    report === undefined ? "<p>Nothing was read: this is stack config alone.</p>" : tableOf(report),
    "</body>",
    "</html>",
    "",
  ].join("\n");
}

function legend({ reads, networks }: MeshMap): string {
  const members = networks.flatMap((network) => network.members);
  const remotes = members.some(({ role }) => role === "remote");
  const arrow = (kind: string, means: string) => `<span class="${kind}">→</span> ${means}`;
  const parts = [
    ...(members.some(({ verdict }) => verdict !== undefined)
      ? [`${marks.ok} healthy`, `${marks.failed} failed`, `${marks.unknown} not known`]
      : []),
    ...(reads === undefined ? [] : [arrow("reads", "reads its API")]),
    ...(reads?.some(({ broken }) => broken) ? [arrow("broken", "should read it, and does not")] : []),
    ...(reads !== undefined && remotes ? [arrow("serves", "its istiod serves")] : []),
    ...(members.some(({ gateway }) => gateway !== undefined) ? ["⇄ east-west gateway"] : []),
    ...(remotes ? ["dashed border: remote"] : []),
  ];
  return parts.length === 0 ? "" : `<p>${parts.join(" · ")}</p>`;
}

function tableOf(report: Report): string {
  const found = [...findings(report, ["failed"]), ...findings(report, ["unreadable", "unseen", "todo"])];
  if (found.length === 0) return "<p>Every check passed.</p>";
  const cells = found.map(({ members, check, issue: { kind, message, remedy = "" } }) => {
    const texts = [members.join(", "), check, message, remedy];
    return `<tr class="${kind}">${texts.map((text) => `<td>${withCode(text)}</td>`).join("")}</tr>`;
  });
  const head = ["member", "check", "what it means", "what to do"].map((text) => `<th>${text}</th>`).join("");
  return `<table>\n<thead><tr>${head}</tr></thead>\n<tbody>\n${cells.join("\n")}\n</tbody>\n</table>`;
}

/** What stands between backticks is to be typed. */
function withCode(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

const css = `
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { max-width: 1480px; margin: 0 auto; padding: 1rem; background: #ffffff; color: #1f2328; }
svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .35rem .75rem .35rem 0; border-top: 1px solid #c3cad2; overflow-wrap: break-word; }
td:first-child { min-width: 9rem; }
tr.failed td:first-child { color: #cf222e; font-weight: 600; }
code { font: 12px ui-monospace, monospace; overflow-wrap: anywhere; }
.reads { color: #0969da; }
.broken { color: #cf222e; }
.serves { color: #8250df; }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #e6edf3; } td, th { border-color: #3d444d; } tr.failed td:first-child, .broken { color: #f85149; } .reads { color: #58a6ff; } .serves { color: #bc8cff; } }
`;
