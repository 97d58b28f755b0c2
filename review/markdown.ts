/** Pieces of GitHub's Markdown that hold whatever text is put into them. Pure. https://github.github.com/gfm/ */

/** A code span: no mark-up in it takes effect, in a table or out of it. */
export function code(text: string): string {
  const line = text.replace(/\s+/g, " ").replace(/\|/g, "\\|").trim();
  const fence = "`".repeat(longest(line) + 1);
  const gap = line.startsWith("`") || line.endsWith("`") ? " " : "";
  return `${fence}${gap}${line}${gap}${fence}`;
}

/** Names or paths, in a sentence. */
export const list = (texts: string[]) => texts.map(code).join(", ");

/** A fenced block, with a fence that the text cannot close. */
export function fenced(text: string, language = ""): string {
  const fence = "`".repeat(Math.max(3, longest(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

/** Folded away until somebody opens it. */
export function folded(title: string, body: string, state: "open" | "" = ""): string {
  return `<details${state && " open"}><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

/**
 * As many of the first lines as fit, and a last one that says how many did not.
 * @param most characters.
 * @param what are in the lines: "resources".
 */
export function cut(lines: string[], most: number, what: string): string {
  let length = 0;
  const fitting = lines.findIndex((line) => (length += line.length + 1) > most);
  if (fitting === -1) return lines.join("\n");
  return [...lines.slice(0, fitting), `… and ${lines.length - fitting} more ${what}, left out here.`].join(
    "\n",
  );
}

/** Length of the longest run of backticks. */
function longest(text: string): number {
  return Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
}
