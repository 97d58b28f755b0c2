/** The matrix as a person reads it on a terminal. Pure, but for the colours. */
import Table from "cli-table3";
import colors from "picocolors";
import type { Row } from "./matrix";

/** One line for each member that sent, one column for each that answered. */
export function renderRows(rows: Row[]): string {
  const table = new Table({
    head: ["from \\ by", ...rows.map(({ from }) => from), "failed", "median"].map(colors.bold),
    // Its own colours reach files and pipes, whatever $NO_COLOR says.
    style: { head: [], border: [] },
  });
  for (const { from, answers, failures, medianMs, missing } of rows) {
    const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
    table.push([
      from,
      ...rows.map(({ from: by }) =>
        missing.includes(by) ? colors.red(String(answers[by])) : String(answers[by]),
      ),
      failed === 0 ? "0" : colors.red(String(failed)),
      medianMs === undefined ? "–" : `${medianMs.toFixed(1)} ms`,
    ]);
  }
  return [table.toString(), ...rows.flatMap(remarks)].join("\n");
}

function remarks({ from, failures, missing }: Row): string[] {
  const reasons = Object.entries(failures).map(([reason, count]) => `${count} × ${reason}`);
  return [
    ...(missing.length > 0
      ? [`${from} was not answered by ${missing.join(", ")}: \`npm run status\` looks for the reason.`]
      : []),
    ...(reasons.length > 0 ? [`${from}: failed requests: ${reasons.join(", ")}.`] : []),
  ];
}
