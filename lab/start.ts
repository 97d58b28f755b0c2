/** `npm start`: local control planes become one mesh; what is there already stays. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parseArgs } from "node:util";
import type { OutputMap, UpResult } from "@pulumi/pulumi/automation";
import Table from "cli-table3";
import colors from "picocolors";
import { parse } from "yaml";
import { withLock } from "./lock";
import { labStatus, startLab } from "./control-plane";
import { labConfig, type StackFile } from "./engine/config";
import { chooseParts } from "./engine/parts";
import { showProgress } from "./engine/report";
import { openStack, projectRoot } from "./engine/stack";

const usage = `npm start [-- options]

  --clusters N   converge N clusters: those of Pulumi.dev.yaml first, then further ones named clusterK
  --charts DIR   use the Istio charts in DIR (folders base, istiod, gateway, or their .tgz)
`;

async function main(): Promise<void> {
  const options = readOptions();
  const dir = path.join(projectRoot, ".lab");
  const report = (line: string) => console.log(colors.dim(line));

  const file = parse(await fs.readFile(path.join(projectRoot, "Pulumi.dev.yaml"), "utf8")) as StackFile;
  const wanted = labConfig(file, { clusters: options.clusters, charts: options.charts });
  const parts = await chooseParts({ dir, plugins: wanted.plugins, charts: wanted.charts, report });
  console.log(parts.summary);

  const present = (await labStatus(dir)).map((cluster) => cluster.name);
  const leaving = present.filter((name) => !wanted.clusters.includes(name));
  const lab = await startLab({ dir, clusters: [...wanted.clusters, ...leaving], report });

  const stack = await openStack({
    dir,
    stack: "dev",
    bin: parts.bin,
    config: wanted.config(lab, parts, leaving),
  });
  const { result, progress } = await showProgress((onEvent) => stack.up({ onEvent, parallel: PARALLEL }));
  if (!result) {
    console.error(`\n${progress.errors.map((error) => colors.red(error)).join("\n\n")}`);
    process.exitCode = 1;
    return;
  }
  if (leaving.length > 0) await startLab({ dir, clusters: wanted.clusters, report });
  show(result, dir);
}

/** Most steps wait for a cluster, not for this machine. */
const PARALLEL = 256;

function readOptions(): { clusters?: number; charts?: string } {
  try {
    const { values } = parseArgs({
      options: { clusters: { type: "string" }, charts: { type: "string" }, help: { type: "boolean" } },
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const clusters = values.clusters === undefined ? undefined : Number(values.clusters);
    if (clusters !== undefined && (!Number.isInteger(clusters) || clusters < 1)) {
      throw new Error(`--clusters ${values.clusters}: a whole number from 1`);
    }
    return { clusters, charts: values.charts && path.resolve(values.charts) };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

/** Operations of the engine that change nothing in a cluster. */
const unchanging = ["same", "read", "discard", "refresh"];

interface MemberOutput {
  network: string;
  role: string;
  eastWestAddress?: string;
  istiodVersion: string;
}

function show(result: UpResult, dir: string): void {
  const changes = Object.entries(result.summary.resourceChanges ?? {}).filter(
    ([op]) => !unchanging.includes(op),
  );
  console.log(
    changes.length === 0
      ? "\nNothing changed."
      : `\nDone: ${changes.map(([op, count]) => `${count} ${op}`).join(", ")}.`,
  );
  console.log(membersTable(result.outputs));
  console.log(`Next:
  export KUBECONFIG=${path.join(dir, "kubeconfig")}; kubectl --context cluster1 -n istio-system get all
  npm start -- --clusters 4       one more member; or add an entry to Pulumi.dev.yaml and run npm start
  npm run lab -- down             stop the control planes and leave nothing behind`);
}

function membersTable(outputs: OutputMap): string {
  const table = new Table({
    head: ["member", "network", "role", "east-west gateway", "istiod"],
    style: { head: ["bold"] },
  });
  for (const [name, member] of Object.entries(outputs.members?.value as Record<string, MemberOutput>)) {
    table.push([name, member.network, member.role, member.eastWestAddress ?? "none", member.istiodVersion]);
  }
  return table.toString();
}

withLock(`${projectRoot}/.lab.lock`, main, ({ pid }) =>
  console.log(`Process ${pid} is at work on this lab: waiting.`),
).catch((error: unknown) => {
  console.error(colors.red(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
});
