/** `npm run lab`: the lab's control planes, without a mesh. */
import { rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseUsage, UsageError } from "../operate/usage";
import { labStatus, startLab, stopLab } from "./control-plane";
import { LabError } from "./error";
import { withLab } from "./lock";

const USAGE = `Usage: npm run lab -- <command>

  up [--clusters N]   start N control planes, cluster1 to clusterN (default: 3); others of this lab are stopped
  status [--json]     list the control planes
  down                stop them and remove the whole lab, the mesh's state included`;

/** Also holds what `npm start` keeps: the state of the mesh on these clusters. */
const DIR = resolve(__dirname, "../.lab");

async function main(argv: string[]): Promise<void> {
  const request = parse(argv);
  if (request === "help") return console.log(USAGE);
  const { command, clusters, json } = request;
  switch (command) {
    case "up": {
      const names = Array.from({ length: clusters }, (_, index) => `cluster${index + 1}`);
      await withLab(DIR, console.log, () => startLab({ dir: DIR, clusters: names, report: console.log }));
      console.log(`\nexport KUBECONFIG=${join(DIR, "kubeconfig")}`);
      return;
    }
    case "status":
      return status(json);
    case "down":
      await withLab(DIR, console.log, () => stopLab(DIR));
      rmSync(DIR, { recursive: true, force: true });
      console.log("The lab is down.");
  }
}

async function status(json: boolean): Promise<void> {
  const clusters = await labStatus(DIR);
  if (json) return console.log(JSON.stringify({ clusters }));
  if (clusters.length === 0) return console.log("No control plane is there. Start some: npm run lab -- up");
  for (const { name, ready, apiServer, kubeconfig } of clusters) {
    console.log(
      `${name}  ${ready ? "ready" : "not ready: npm run lab -- up repairs it"}  ${apiServer}  ${kubeconfig}`,
    );
  }
}

const OPTIONS_OF = { up: ["clusters"], status: ["json"], down: [] } as const;

function parse(argv: string[]) {
  const { values, positionals } = parseUsage({
    args: argv,
    allowPositionals: true,
    options: { clusters: { type: "string" }, json: { type: "boolean" }, help: { type: "boolean" } },
  });
  if (values.help) return "help";
  const [command, ...rest] = positionals;
  if (command !== "up" && command !== "status" && command !== "down") {
    throw new UsageError(command === undefined ? "No command." : `Unknown command "${command}".`);
  }
  if (rest.length > 0) throw new UsageError(`"${rest.join(" ")}" is too much.`);
  const misplaced = Object.keys(values).find(
    (option) => !(OPTIONS_OF[command] as readonly string[]).includes(option),
  );
  if (misplaced !== undefined) throw new UsageError(`"${command}" has no option --${misplaced}.`);
  const clusters = values.clusters ?? "3";
  if (!/^[1-9]\d*$/.test(clusters))
    throw new UsageError(`--clusters is "${clusters}"; it takes a number from 1 on.`);
  return { command, clusters: Number(clusters), json: values.json ?? false } as const;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (!(error instanceof LabError || error instanceof UsageError)) throw error;
  console.error(error instanceof UsageError ? `${error.message}\n\n${USAGE}` : error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
