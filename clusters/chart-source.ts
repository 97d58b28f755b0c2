/** Can Istio's charts be had? */
import http from "node:http";
import https from "node:https";
import { chartArgs } from "../components/chart";
import { ConfigError, type Mesh, type Problem } from "../mesh/mesh";
import { proxyAgent, proxyFor } from "./proxy";

const path = "weft:mesh.istio.charts";

/**
 * Looks for the charts that the members need: in a folder, each of them; in a Helm repository, whether it answers.
 * An OCI registry is left to Helm, which knows how to log in to it.
 */
export async function checkChartSource(mesh: Mesh, timeoutMs: number): Promise<Problem[]> {
  const { charts } = mesh.config.istio;
  if ("repository" in charts) return checkRepository(charts.repository, timeoutMs);
  if ("oci" in charts) return [];
  const versions = [...new Set(mesh.members.map(({ istio }) => istio.version))].sort();
  const problems = versions.flatMap((version) =>
    ["base", "istiod", "gateway"].flatMap((chart) => {
      try {
        chartArgs(charts, chart, version, path);
        return [];
      } catch (error) {
        if (error instanceof ConfigError) return error.problems;
        throw error;
      }
    }),
  );
  return [...new Map(problems.map((problem) => [problem.message, problem])).values()];
}

async function checkRepository(repository: string, timeoutMs: number): Promise<Problem[]> {
  const index = new URL(`${repository.replace(/\/$/, "")}/index.yaml`);
  const failure = await firstFailure(index, timeoutMs);
  if (failure === undefined) return [];
  return [
    {
      path: `${path}.repository`,
      value: repository,
      message: `No Helm repository answers there: ${index.href} ${failure}.`,
      remedy: `Try \`curl -I ${index.href}\`. Where there is no way out, \`charts: {path: …}\` takes a folder with the charts, \`charts: {oci: …}\` a mirror.`,
    },
  ];
}

/** Only the head of the answer is read: an index has megabytes, and Helm reads it anyway. */
async function firstFailure(url: URL, timeoutMs: number): Promise<string | undefined> {
  const proxy = proxyFor(url);
  const agent = proxy === undefined ? false : await proxyAgent(proxy);
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve) => {
    const client = url.protocol === "https:" ? https : http;
    const request = client.get(url, { agent, signal }, (response) => {
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
