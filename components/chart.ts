/** Where the provider finds a chart. */
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { chartCredentials } from "../clusters/chart-credentials";
import { chartIn } from "../clusters/chart-folder";
import type { ChartSource } from "../mesh/schema";

type ChartArgs = Pick<kubernetes.helm.v3.ReleaseArgs, "chart" | "version" | "repositoryOpts">;

/**
 * Arguments of a Release for one chart of a source.
 * @param setting path of the source in stack config, for the error.
 * @throws ConfigError when a folder does not hold the chart, or an environment variable is not set.
 */
export function chartArgs(
  source: ChartSource,
  name: string,
  version: string,
  setting = "weft:mesh.istio.charts",
): ChartArgs {
  if ("repository" in source) {
    const credentials = chartCredentials(source, setting);
    const repositoryOpts = {
      repo: source.repository,
      ...(credentials && {
        username: pulumi.secret(credentials.username),
        password: pulumi.secret(credentials.password),
      }),
    };
    return { chart: name, version, repositoryOpts };
  }
  if ("oci" in source) return { chart: `${source.oci.replace(/\/$/, "")}/${name}`, version };
  return { chart: chartIn(source.path, name, version, setting) };
}
