/** Which parts of a lab run are real and which are doubles, chosen part by part: the double only where the real one cannot be had. */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import type { ChartSource } from "../../mesh/schema";
import { layout } from "../control-plane/commands";
import { parts as controlPlaneParts } from "../control-plane/state";
import { ensureToolchain, type Program } from "../toolchain";
import { isReachable } from "../toolchain/download";
import { isExecutable, pathOf } from "../toolchain/path";
import { chooseIstio, type Istio, type IstioArgs } from "./istio";

const run = promisify(execFile);
/** Folder with a stand-in for MetalLB's chart and for cert-manager's: nothing in a lab would answer the webhooks of the real ones. */
export const standInCharts = path.resolve(__dirname, "../charts");
/** Runs policy packs where Pulumi's Node.js host is not installed; the engine prefers the host. */
const policyHost = script("pulumi-analyzer-policy-nodejs");

/** Always a double: the real one installs the real chart. */
const certManager = "kubernetes-cert-manager";
export type Plugin = "kubernetes" | "tls" | typeof certManager;

export interface Parts {
  /** Folder with `pulumi` and the plugins that Pulumi itself does not have, to go first on the engine's PATH. */
  bin: string;
  /** What to give the program as `istio.version` and `istio.charts`. */
  istio: { version: string; charts: ChartSource };
  /** Folder of the istiods that pods of the lab may run. */
  istiods: string;
  /** One line for a person: what is real, what is a double. */
  summary: string;
}

export interface PartsArgs {
  /** The lab's folder. */
  dir: string;
  plugins: Plugin[];
  /** Whether the stack installs MetalLB. */
  metallb?: boolean;
  istio: IstioArgs;
  /** Further programs that will be asked for: what has to be built is built all at once. @default none */
  programs?: readonly Program[];
  /** Where the mesh runs. @default lab */
  on?: "lab" | "kind";
  report: (line: string) => void;
}

export async function chooseParts(args: PartsArgs): Promise<Parts> {
  const { dir, plugins, metallb = false, on = "lab", programs = [], report } = args;
  const lacking: Plugin[] = [];
  for (const plugin of plugins) if (!(await hasPlugin(plugin, report))) lacking.push(plugin);
  const built = lacking.includes("kubernetes") ? (["pulumi-resource-kubernetes"] as const) : [];
  const doubles = lacking.filter((plugin) => plugin !== "kubernetes");
  const istio = await chooseIstio(args.istio, { report, pods: on === "kind" });
  const isBuilt = on === "lab" && istio.istiod === undefined;
  const paths = await ensureToolchain(
    [
      "pulumi" as const,
      ...built,
      ...(isBuilt ? (["pilot-discovery"] as const) : []),
      ...(on === "lab" ? (["etcd", ...controlPlaneParts] as const) : []),
      ...programs,
    ],
    { report },
  );

  const bin = path.join(dir, "bin");
  await fs.rm(bin, { recursive: true, force: true });
  await fs.mkdir(bin, { recursive: true });
  const link = (program: string) => fs.symlink(program, path.join(bin, path.basename(program)));
  const scripts = [policyHost, ...doubles.map((plugin) => script(programOf(plugin)))];
  await Promise.all([paths.pulumi, ...built.map((program) => paths[program]), ...scripts].map(link));
  const istiods = layout.istiods(dir);
  if (on === "lab") {
    const program = istio.istiod ?? paths["pilot-discovery"];
    for (const tag of [istio.istiodVersion, "default"]) await relink(program, path.join(istiods, tag));
  }
  return {
    bin,
    istio: { version: istio.version, charts: istio.charts },
    istiods,
    summary: summary(plugins, doubles, istio, on, metallb),
  };
}

function summary(
  plugins: Plugin[],
  doubles: Plugin[],
  istio: Istio,
  on: "lab" | "kind",
  metallb: boolean,
): string {
  const provider = (plugin: Plugin) => `${plugin} provider`;
  const machines = ["nodes", "proxies"];
  const real = [
    "engine",
    "control planes",
    ...plugins.filter((plugin) => !doubles.includes(plugin)).map(provider),
    istio.istiodVersion === istio.version
      ? `Istio ${minorOf(istio.version)} charts and istiods`
      : `Istio ${minorOf(istio.version)} charts, istiods ${minorOf(istio.istiodVersion)}`,
    ...(on === "kind" ? machines : []),
  ];
  const standIns = [
    ...doubles.map((plugin) => (plugin === certManager ? "cert-manager" : provider(plugin))),
    ...(metallb && on === "lab" ? ["MetalLB"] : []),
    ...(on === "lab" ? machines : []),
  ];
  return [
    `real: ${real.join(", ")}`,
    ...(standIns.length > 0 ? [`doubles: ${standIns.join(", ")}`] : []),
  ].join(" · ");
}

async function relink(program: string, link: string): Promise<void> {
  await fs.mkdir(path.dirname(link), { recursive: true });
  await fs.rm(link, { force: true });
  await fs.symlink(program, link);
}

const minorOf = (version: string) => version.split(".").slice(0, 2).join(".");
const programOf = (plugin: Plugin) => `pulumi-resource-${plugin}`;

function script(name: string): string {
  return path.resolve(__dirname, "bin", name);
}

/** Whether the real one is on PATH, in Pulumi's plugin cache, or can be downloaded into it. */
async function hasPlugin(plugin: Plugin, report: (line: string) => void): Promise<boolean> {
  if (plugin === certManager) return false;
  const program = programOf(plugin);
  if (pathOf(program) !== undefined) return true;
  const manifest = await fs.readFile(require.resolve(`@pulumi/${plugin}/package.json`), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const home = process.env.PULUMI_HOME ?? path.join(os.homedir(), ".pulumi");
  if (isExecutable(path.join(home, "plugins", `resource-${plugin}-v${version}`, program))) return true;
  if (!(await isReachable("https://get.pulumi.com"))) return false;
  const { pulumi } = await ensureToolchain(["pulumi"], { report });
  return run(pulumi, ["plugin", "install", "resource", plugin, version]).then(
    () => true,
    () => false,
  );
}
