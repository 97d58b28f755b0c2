/** Which Istio a lab runs: charts and istiod of one version. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import type { ChartSource } from "../../mesh/schema";
import { LabError } from "../error";
import { findIstiod, ISTIO, moduleCharts, releaseHub, type ToolchainOptions } from "../toolchain";

/** What a stack says of Istio. */
export interface IstioArgs {
  version: string;
  charts: ChartSource;
  /** Registry and path of the images. @default Istio's own */
  hub?: string;
}

export interface Istio {
  /** Of the charts. */
  version: string;
  charts: ChartSource;
  /** Path of istiod, where it need not be built; else it is the one that the toolchain builds. */
  istiod?: string;
  /** Differs from `version` only where the charts come from a folder and no istiod of theirs can be had. */
  istiodVersion: string;
}

/** How long a site may take to answer before it counts as out of reach, in milliseconds. */
const ANSWER_TIMEOUT = 3000;

/**
 * The charts of the stack's source where it answers, with an istiod of their version; else both as Istio's Go module has them. A
 * folder of charts is used in any case.
 * @param options `pods`: istiod runs in pods that pull its image, and no program of it is needed
 * @throws LabError when the charts are neither here nor there
 */
export async function chooseIstio(
  { version: configured, charts, hub = releaseHub }: IstioArgs,
  options: ToolchainOptions & { pods: boolean },
): Promise<Istio> {
  const { report, pods } = options;
  const find = (version: string, from = hub) =>
    pods ? Promise.resolve(undefined) : findIstiod(version, from, { report });

  const isFolder = "path" in charts;
  if (isFolder || (await answers(charts))) {
    const version = isFolder ? versionIn(charts.path, configured) : configured;
    const istiod = await find(version);
    if (istiod !== undefined || pods || version === ISTIO) {
      return { version, charts, istiod, istiodVersion: version };
    }
    if (isFolder) {
      report(
        `istiod ${version} is neither on PATH nor in an image that can be had: istiod ${ISTIO} runs in its place`,
      );
      return { version, charts, istiod: await find(ISTIO), istiodVersion: ISTIO };
    }
  }
  const folder = await moduleCharts({ report }).catch((error: Error) => {
    throw new LabError(
      `Istio's charts ${configured} cannot be had from ${nameOf(charts)}, nor those of its Go module. Give a folder that holds them: --charts DIR. (${error.message})`,
    );
  });
  report(`Istio ${ISTIO}: charts from its Go module, in ${folder}`);
  return {
    version: ISTIO,
    charts: { path: folder },
    istiod: await find(ISTIO, releaseHub),
    istiodVersion: ISTIO,
  };
}

/** The version of the charts in a folder: of those that are unpacked, or of the packed ones that are wanted or the only ones. */
function versionIn(folder: string, wanted: string): string {
  const unpacked = path.join(folder, "istiod/Chart.yaml");
  if (existsSync(unpacked)) return versionOf(readFileSync(unpacked, "utf8"));
  const packed = existsSync(folder)
    ? readdirSync(folder).filter((file) => /^istiod-\d.*\.tgz$/.test(file))
    : [];
  const [file] = packed.includes(`istiod-${wanted}.tgz`) || packed.length !== 1 ? [] : packed;
  // What is not there the program finds missing, and says so in its own words.
  if (file === undefined) return wanted;
  return versionOf(
    execFileSync("tar", ["-xzOf", path.join(folder, file), "istiod/Chart.yaml"], { encoding: "utf8" }),
  );
}

const versionOf = (chart: string) => (parse(chart) as { version: string }).version;

async function answers(charts: Exclude<ChartSource, { path: string }>): Promise<boolean> {
  const url =
    "repository" in charts ? `${charts.repository}/index.yaml` : `https://${new URL(charts.oci).host}/v2/`;
  return fetch(url, { method: "HEAD", signal: AbortSignal.timeout(ANSWER_TIMEOUT) }).then(
    // A registry that answers asks for a token first.
    ({ ok, status }) => ok || ("oci" in charts && status === 401),
    () => false,
  );
}

const nameOf = (charts: Exclude<ChartSource, { path: string }>) =>
  "repository" in charts ? charts.repository : charts.oci;
