/** Can the charts be had? */
import http from "node:http";
import https from "node:https";
import { chartSchemaProblems } from "../mesh/chart-schema";
import type { MeshSpec } from "../mesh/mesh-spec";
import { ConfigError, type Problem } from "../mesh/problems";
import type { ChartSource } from "../mesh/schema";
import { ApiServerError } from "./api-server-error";
import { chartCredentials } from "./chart-credentials";
import { chartIn, schemaIn } from "./chart-folder";
import { proxyAgent, proxyFor } from "./proxy";

type Repository = Extract<ChartSource, { repository: string }>;

interface Need {
  /** Path of the source in stack config. */
  setting: string;
  source: ChartSource;
  charts: { name: string; version: string }[];
}

/**
 * Looks for the charts that the members need: in a folder, each of them, and whether its schema takes a person's values; in a Helm
 * repository, whether it answers.
 * An OCI registry is left to Helm, which knows how to log in to it.
 */
export async function checkChartSources(mesh: MeshSpec, timeoutMs: number): Promise<Problem[]> {
  const problems = await Promise.all(needsOf(mesh).map((need) => check(need, timeoutMs)));
  return [...problems.flat(), ...unfitValues(mesh)];
}

/** Those of a folder alone can be read before Helm does. */
function unfitValues(mesh: MeshSpec): Problem[] {
  const { charts } = mesh.config.istio;
  if (!("path" in charts)) return [];
  return istioCharts(mesh).flatMap((name) => {
    const schema = schemaIn(charts.path, name);
    return schema === undefined ? [] : chartSchemaProblems(mesh, name, schema);
  });
}

async function check(need: Need, timeoutMs: number): Promise<Problem[]> {
  const { setting, source } = need;
  const problems = argumentProblems(need);
  if (problems.length > 0 || !("repository" in source)) return problems;
  return checkRepository(source, setting, timeoutMs);
}

function istioCharts({ members }: MeshSpec): string[] {
  const hasCni = members.some(({ istio }) => istio.cni !== undefined);
  return ["base", ...(hasCni ? ["cni"] : []), "istiod", "gateway"];
}

function needsOf(mesh: MeshSpec): Need[] {
  const { config, members } = mesh;
  const versions = [
    ...new Set(members.flatMap(({ istio }) => istio.revisions.map(({ version }) => version))),
  ].sort();
  const istio: Need = {
    setting: "weft:mesh.istio.charts",
    source: config.istio.charts,
    charts: versions.flatMap((version) => istioCharts(mesh).map((name) => ({ name, version }))),
  };
  const { loadBalancer } = config;
  if (loadBalancer === undefined) return [istio];
  const metallb: Need = {
    setting: "weft:mesh.loadBalancer.charts",
    source: loadBalancer.charts,
    charts: [{ name: "metallb", version: loadBalancer.version }],
  };
  return [istio, metallb];
}

/** Whatever keeps a release from being asked for at all: a folder without the chart, credentials that are not there. */
function argumentProblems({ setting, source, charts }: Need): Problem[] {
  const problems = charts.flatMap(({ name, version }) => {
    try {
      if ("path" in source) chartIn(source.path, name, version, setting);
      if ("repository" in source) chartCredentials(source, setting);
      return [];
    } catch (error) {
      if (error instanceof ConfigError) return error.problems;
      throw error;
    }
  });
  // A chart that is not there is not there in any version.
  return [...new Map(problems.map((problem) => [`${problem.path} ${problem.message}`, problem])).values()];
}

async function checkRepository(source: Repository, setting: string, timeoutMs: number): Promise<Problem[]> {
  const index = new URL(`${source.repository.replace(/\/$/, "")}/index.yaml`);
  const failure = await firstFailure(index, chartCredentials(source, setting), timeoutMs);
  if (failure === undefined) return [];
  const shown = `${index.origin}${index.pathname}`;
  return [
    {
      path: `${setting}.repository`,
      value: shown.replace(/\/index\.yaml$/, ""),
      message: `No Helm repository answers there: ${shown} ${failure}.`,
      remedy: /status 40[13]$/.test(failure)
        ? `Set ${setting}.username and ${setting}.password to an account that may read it.`
        : `Try \`curl -I ${shown}\`. Where there is no way out, \`charts: {path: …}\` takes a folder with the charts, \`charts: {oci: …}\` a mirror.`,
    },
  ];
}

/** Only the head of the answer is read: an index has megabytes, and Helm reads it anyway. */
async function firstFailure(
  url: URL,
  credentials: { username: string; password: string } | undefined,
  timeoutMs: number,
): Promise<string | undefined> {
  let proxy: string | undefined;
  try {
    proxy = proxyFor(url);
  } catch (error) {
    if (error instanceof ApiServerError) return `cannot be reached: $${error.code} is not the URL of a proxy`;
    throw error;
  }
  const agent = proxy === undefined ? false : await proxyAgent(proxy);
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve) => {
    const client = url.protocol === "https:" ? https : http;
    const auth = credentials && `${credentials.username}:${credentials.password}`;
    const request = client.get(url, { agent, signal, auth }, (response) => {
      const status = response.statusCode ?? 0;
      response.destroy();
      resolve(status >= 400 ? `answers with HTTP status ${status}` : undefined);
    });
    request.on("error", ({ code = "ERR_UNKNOWN" }: NodeJS.ErrnoException) => {
      if (signal.aborted) resolve(`did not answer within ${timeoutMs / 1000} s`);
      // Helm trusts what the operating system trusts, which may be more than Node does: let it judge.
      else resolve(isVerification(code) ? undefined : `cannot be reached (${code})`);
    });
  });
}

function isVerification(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_/.test(code);
}
