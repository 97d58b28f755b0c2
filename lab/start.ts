/** `npm start`: local control planes become one mesh; what is there already stays. */
import * as path from "node:path";
import type { OutputMap, Stack, UpResult } from "@pulumi/pulumi/automation";
import Table from "cli-table3";
import colors from "picocolors";
import { startCertManager } from "./cert-manager/process";
import { parseUsage, UsageError } from "../operate/usage";
import { withLab } from "./lock";
import { labStatus, startLab } from "./control-plane";
import { defaultIstio, labConfig } from "./engine/config";
import { chooseParts } from "./engine/parts";
import { showProgress } from "./engine/report";
import { openStack, projectRoot } from "./engine/stack";
import { readStackFile } from "./engine/stack-file";
import { openKind, topologies } from "./kind";

const usage = `npm start [-- options]

  --clusters N   converge N clusters: those of Pulumi.dev.yaml first, then further ones named clusterK
  --charts DIR   use the Istio charts in DIR (folders base, istiod, gateway, or their .tgz)
  --kind         use kind clusters, on Docker or podman, with MetalLB and real pods (2, or N)
  --topology T   with --kind: multi-primary (default) or primary-remote
`;

async function main(): Promise<void> {
  const options = readOptions();
  if (options === "help") return console.log(usage);
  const dir = path.join(projectRoot, ".lab");
  const report = (line: string) => console.log(colors.dim(line));
  if (options.kind) {
    const istio = options.charts ? { ...defaultIstio, charts: { path: options.charts } } : defaultIstio;
    const kind = await openKind({ ...options, istio, dir: path.join(projectRoot, ".lab-kind"), report });
    return converge(kind.stack, kind.finish, kind.next);
  }

  const file = await readStackFile(path.join(projectRoot, "Pulumi.dev.yaml"));
  const wanted = labConfig(file, { clusters: options.clusters, charts: options.charts });
  const { plugins, metallb, istio } = wanted;
  const parts = await chooseParts({ dir, plugins, metallb, istio, report });
  console.log(parts.summary);

  const present = (await labStatus(dir)).map((cluster) => cluster.name);
  const leaving = present.filter((name) => !wanted.clusters.includes(name));
  const labOf = (clusters: string[]) => startLab({ dir, clusters, report });
  const lab = await labOf([...wanted.clusters, ...leaving]);

  if (wanted.certManager) await startCertManager({ dir, ...wanted.certManager, report });

  const stack = await openStack({
    dir,
    stack: "dev",
    bin: parts.bin,
    config: wanted.config(lab, parts, leaving),
  });
  const finish = async () => {
    if (leaving.length > 0) await labOf(wanted.clusters);
  };
  await converge(stack, finish, nextSteps(dir, wanted.clusters));
}

/**
 * @param finish what is left to do after an `up` that succeeded.
 * @param next what a person may do then.
 */
async function converge(stack: Stack, finish: () => Promise<void>, next: string): Promise<void> {
  const { result, progress } = await showProgress((onEvent) => stack.up({ onEvent, parallel: PARALLEL }));
  for (const warning of progress.warnings) console.error(`\n${colors.yellow(warning)}`);
  if (!result) {
    console.error(`\n${progress.errors.map((error) => colors.red(error)).join("\n\n")}`);
    process.exitCode = 1;
    return;
  }
  await finish();
  show(result, next);
}

/** Most steps wait for a cluster, not for this machine. */
const PARALLEL = 256;

function readOptions() {
  const { values } = parseUsage({
    options: {
      clusters: { type: "string" },
      charts: { type: "string" },
      kind: { type: "boolean", default: false },
      topology: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  const clusters = values.clusters === undefined ? undefined : Number(values.clusters);
  if (clusters !== undefined && (!Number.isInteger(clusters) || clusters < 1)) {
    throw new UsageError(`--clusters ${values.clusters}: a whole number from 1`);
  }
  const topology = topologies.find((known) => known === (values.topology ?? topologies[0]));
  if (topology === undefined) {
    throw new UsageError(`--topology ${values.topology}: ${topologies.join(" or ")}`);
  }
  if (values.topology !== undefined && !values.kind) {
    throw new UsageError("--topology is for --kind; otherwise Pulumi.dev.yaml has the topology");
  }
  if (values.charts === "") throw new UsageError("--charts: a folder");
  return { clusters, topology, kind: values.kind, charts: values.charts && path.resolve(values.charts) };
}

/** Operations of the engine that change nothing in a cluster. */
const unchanging = ["same", "read", "discard", "refresh"];

interface MemberOutput {
  network: string;
  role: string;
  eastWestAddress?: string;
  istiodVersion: string;
}

function show(result: UpResult, next: string): void {
  const changes = Object.entries(result.summary.resourceChanges ?? {}).filter(
    ([op]) => !unchanging.includes(op),
  );
  console.log(
    changes.length === 0
      ? "\nNothing changed."
      : `\nDone: ${changes.map(([op, count]) => `${count} ${op}`).join(", ")}.`,
  );
  console.log(membersTable(result.outputs));
  console.log(next);
}

function nextSteps(dir: string, members: string[]): string {
  return `Next:
  export KUBECONFIG=${path.join(dir, "kubeconfig")}; kubectl --context ${members[0]} -n istio-system get all
  npm start -- --clusters ${members.length + 1}       one more member; or add an entry to Pulumi.dev.yaml and run npm start
  npm run lab -- down             stop the control planes and leave nothing behind`;
}

function membersTable(outputs: OutputMap): string {
  const table = new Table({
    head: ["member", "network", "role", "east-west gateway", "istiod"].map(colors.bold),
    // Its own colours reach files and pipes, whatever $NO_COLOR says.
    style: { head: [], border: [] },
  });
  for (const [name, member] of Object.entries(outputs.members?.value as Record<string, MemberOutput>)) {
    table.push([name, member.network, member.role, member.eastWestAddress ?? "none", member.istiodVersion]);
  }
  return table.toString();
}

withLab(path.join(projectRoot, ".lab"), console.log, main).catch((error: unknown) => {
  const message = error instanceof Error ? error.message : String(error);
  console.error(error instanceof UsageError ? `${message}\n\n${usage}` : colors.red(message));
  process.exitCode = error instanceof UsageError ? 2 : 1;
});
