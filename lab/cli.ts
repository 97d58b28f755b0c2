/** `npm run lab`: the lab's control planes, without a mesh. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import type { ParseArgsConfig } from "node:util";
import { parseUsage, UsageError } from "../operate/usage";
import { labStatus, startLab, stopLab } from "./control-plane";
import { LabError } from "./error";
import { withLab } from "./lock";

const USAGE = `Usage: npm run lab -- <command>

  up [--clusters N]   start N control planes, cluster1 to clusterN (default: 3); others of this lab are stopped
  status              list the control planes
  down                stop them and remove the whole lab, the mesh's state included`;

/** Also holds what `npm start` keeps: the state of the mesh on these clusters. */
const DIR = resolve(__dirname, "../.lab");

async function main(argv: string[]): Promise<void> {
  const request = parse(argv);
  if (request === "help") return console.log(USAGE);
  const { command, clusters } = request;
  switch (command) {
    case "up": {
      const names = Array.from({ length: clusters }, (_, index) => `cluster${index + 1}`);
      await withLab(DIR, console.log, () => startLab({ dir: DIR, clusters: names, report: console.log }));
      console.log(`\nexport KUBECONFIG=${join(DIR, "kubeconfig")}`);
      return;
    }
    case "status":
      return status();
    case "down":
      await withLab(DIR, console.log, () => stopLab(DIR));
      rmSync(DIR, { recursive: true, force: true });
      console.log("The lab is down.");
  }
}

async function status(): Promise<void> {
  const clusters = await labStatus(DIR);
  if (clusters.length === 0) return console.log("No control plane is there. Start some: npm run lab -- up");
  for (const { name, ready, apiServer, kubeconfig } of clusters) {
    console.log(
      `${name}  ${ready ? "ready" : "not ready: npm run lab -- up repairs it"}  ${apiServer}  ${kubeconfig}`,
    );
  }
}

const COMMANDS = ["up", "status", "down"] as const;

function parse([first, ...args]: string[]) {
  if (first === "--help" || args.includes("--help")) return "help";
  const command = COMMANDS.find((known) => known === first);
  if (command === undefined) {
    throw new UsageError(first === undefined ? "No command." : `Unknown command "${first}".`);
  }
  const options: ParseArgsConfig["options"] = command === "up" ? { clusters: { type: "string" } } : {};
  const { clusters = "3" } = parseUsage({ args, options }).values as { clusters?: string };
  if (!/^[1-9]\d*$/.test(clusters))
    throw new UsageError(`--clusters is "${clusters}"; it takes a number from 1 on.`);
  return { command, clusters: Number(clusters) };
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof LabError || error instanceof UsageError)) throw error;
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
