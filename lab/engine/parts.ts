/**
 * Which parts of a lab run are real and which are doubles, chosen part by part: a real plugin where there is one or where it can be
 * downloaded, Istio's charts where their source answers; else the double.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import type { ChartSource } from "../../mesh/schema";
import { ensureDoubles, ensureToolchain } from "../toolchain";

const run = promisify(execFile);
/** Folder with a stand-in for each chart: Istio's, MetalLB's, cert-manager's. */
export const standInCharts = path.resolve(__dirname, "../doubles/charts");
/** Runs policy packs where Pulumi's Node.js host is not installed; the engine prefers the host. */
const policyHost = path.resolve(__dirname, "bin/pulumi-analyzer-policy-nodejs");

/** How long a download site may take to answer before it counts as out of reach, in milliseconds. */
const ANSWER_TIMEOUT = 3000;

export type Plugin = "kubernetes" | "tls" | "kubernetes-cert-manager";

export interface Parts {
  /** Folder with `pulumi` and the doubles, to go first on the engine's PATH. */
  bin: string;
  /** What to give the program as `istio.charts`. */
  charts: ChartSource;
  realCharts: boolean;
  /** One line for a person: what is real, what is a double. */
  summary: string;
}

export interface PartsArgs {
  /** The lab's folder. */
  dir: string;
  plugins: Plugin[];
  /** Whether the stack installs MetalLB. Its chart is a stand-in always: nothing would answer the real one's webhooks. */
  metallb?: boolean;
  /** Chart source of the stack config. */
  charts: ChartSource;
  report: (line: string) => void;
}

export async function chooseParts({ dir, plugins, metallb, charts, report }: PartsArgs): Promise<Parts> {
  const { pulumi } = await ensureToolchain(["pulumi"], { report });
  const real: string[] = [];
  const doubles: Plugin[] = [];
  for (const plugin of plugins) {
    ((await hasPlugin(plugin, pulumi)) ? real : doubles).push(plugin);
  }
  const realCharts = await answers(charts);

  const bin = path.join(dir, "bin");
  await fs.rm(bin, { recursive: true, force: true });
  await fs.mkdir(bin, { recursive: true });
  await fs.symlink(pulumi, path.join(bin, "pulumi"));
  await fs.symlink(policyHost, path.join(bin, path.basename(policyHost)));
  if (doubles.length > 0) {
    const folder = await ensureDoubles(doubles, { report });
    for (const plugin of doubles) {
      const program = `pulumi-resource-${plugin}`;
      await fs.symlink(path.join(folder, program), path.join(bin, program));
    }
  }
  const provider = (plugin: string) => `${plugin} provider`;
  return {
    bin,
    charts: realCharts ? charts : { path: standInCharts },
    realCharts,
    summary: summary(
      ["engine", "control planes", ...real.map(provider), ...(realCharts ? ["charts"] : [])],
      [
        ...doubles.map(provider),
        ...(realCharts ? [] : ["charts"]),
        ...(metallb ? ["MetalLB"] : []),
        "nodes and pods",
      ],
    ),
  };
}

const summary = (real: string[], doubles: string[]) =>
  `real: ${real.join(", ")} · doubles: ${doubles.join(", ")}`;

/**
 * Real: on PATH, in Pulumi's plugin cache, or downloadable into it. Never that of cert-manager, which installs the real chart: nothing
 * would answer its webhooks.
 */
async function hasPlugin(plugin: Plugin, pulumi: string): Promise<boolean> {
  if (plugin === "kubernetes-cert-manager") return false;
  const program = `pulumi-resource-${plugin}`;
  for (const folder of (process.env.PATH ?? "").split(path.delimiter)) {
    if (await isThere(path.join(folder, program))) return true;
  }
  const manifest = await fs.readFile(
    path.join(path.dirname(require.resolve(`@pulumi/${plugin}/package.json`)), "package.json"),
    "utf8",
  );
  const { version } = JSON.parse(manifest) as { version: string };
  const home = process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");
  if (await isThere(path.join(home, "plugins", `resource-${plugin}-v${version}`, program))) return true;
  if (!(await reachable("https://get.pulumi.com"))) return false;
  return run(pulumi, ["plugin", "install", "resource", plugin, version]).then(
    () => true,
    () => false,
  );
}

async function answers(charts: ChartSource): Promise<boolean> {
  if ("path" in charts) return true;
  if ("repository" in charts) return reachable(`${charts.repository}/index.yaml`);
  return reachable(`https://${new URL(charts.oci).host}/v2/`);
}

const reached = new Map<string, Promise<boolean>>();
/** Whether anything answers at this URL; asked once in a run. */
function reachable(url: string): Promise<boolean> {
  const answer =
    reached.get(url) ??
    fetch(url, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_TIMEOUT) }).then(
      () => true,
      () => false,
    );
  reached.set(url, answer);
  return answer;
}

const isThere = (file: string) =>
  fs.access(file, fs.constants.X_OK).then(
    () => true,
    () => false,
  );
