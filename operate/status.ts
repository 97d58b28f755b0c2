/** `npm run status`: is the mesh healthy? Reads the members, changes nothing. */
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError } from "../mesh/problems";
import { readMesh } from "./facts/read";
import { parseOptions, usage, type StatusOptions } from "./status-options";
import { judgeMesh, type Report } from "./report";
import { readMeshOf } from "./stack-config";
import { headline, renderReport } from "./report-text";
import { UsageError } from "./usage";

const exitCodes = { ok: 0, failed: 1, unknown: 2 } as const;
/** Milliseconds between two looks at the mesh. */
const interval = 5000;

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === "help") return console.log(usage);
  const mesh = await readMeshOf(options.stack, { warn: (message) => console.error(message) });
  const look = async () => judgeMesh(mesh, await readMesh(mesh));

  let report = await look();
  if (options.watch) {
    for (;;) {
      show(report, options);
      await pause(interval);
      report = await look();
    }
  }
  const deadline = performance.now() + options.waitMs;
  let told = "";
  while (report.verdict !== "ok" && performance.now() < deadline) {
    const state = headline(report);
    if (state !== told) console.error((told = state));
    await pause(Math.min(interval, deadline - performance.now()));
    report = await look();
  }
  show(report, options);
  process.exitCode = exitCodes[report.verdict];
}

function show(report: Report, { json, watch }: StatusOptions): void {
  if (json) return console.log(JSON.stringify(report, undefined, watch ? undefined : 2));
  if (watch && process.stdout.isTTY) console.clear();
  console.log(`${renderReport(report)}${watch ? `\n\n${new Date().toLocaleTimeString()}\n` : ""}`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
  console.error(error instanceof UsageError ? `${error.message}\n\n${usage}` : error.message);
  process.exitCode = 2;
});
