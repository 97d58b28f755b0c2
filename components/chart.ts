/** Where the provider finds a chart. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { posix } from "node:path";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ConfigError, type Problem } from "../mesh/problems";
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
    const credentials = credentialsOf(source, setting);
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

/**
 * The credentials of a private Helm repository; undefined where it takes everyone.
 * @throws ConfigError when an environment variable is not set.
 */
export function credentialsOf(
  { username, password }: Extract<ChartSource, { repository: string }>,
  setting: string,
): { username: string; password: string } | undefined {
  if (username === undefined || password === undefined) return undefined;
  const problems: Problem[] = [];
  const textOf = (credential: typeof username, key: string) => {
    if (typeof credential === "string") return credential;
    const { env } = credential.valueFrom;
    const value = process.env[env];
    if (value) return value;
    const message = "There is no such environment variable, or nothing in it.";
    const remedy = "Set it wherever `pulumi` runs.";
    problems.push({ path: `${setting}.${key}.valueFrom.env`, value: env, message, remedy });
    return "";
  };
  const credentials = { username: textOf(username, "username"), password: textOf(password, "password") };
  if (problems.length > 0) throw new ConfigError(problems);
  return credentials;
}

/** Relative paths stay relative: the state is the same on every machine, and the provider runs in the project's folder. */
function chartIn(folder: string, name: string, version: string, setting: string): string {
  const unpacked = posix.join(folder, name);
  if (existsSync(posix.join(unpacked, "Chart.yaml"))) return relative(unpacked);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const remedy = "Give the path of a folder, absolute or from the project's folder.";
    throw new ConfigError([
      { path: `${setting}.path`, value: folder, message: "There is no such folder.", remedy },
    ]);
  }
  const packed = readdirSync(folder).filter(
    (file) => file.startsWith(`${name}-`) && /^\d.*\.tgz$/.test(file.slice(name.length + 1)),
  );
  const match = `${name}-${version}.tgz`;
  if (packed.includes(match)) return relative(posix.join(folder, match));
  throw new ConfigError([
    {
      path: `${setting}.path`,
      value: folder,
      message:
        packed.length === 0
          ? `The folder holds no chart '${name}'.`
          : `The folder holds ${packed.sort().join(", ")}, but not version ${version}.`,
      remedy: `Put the folder ${name}/ or the file ${match} there.`,
    },
  ]);
}

/** Helm takes a bare `charts/base` for a chart `base` of a repository `charts`. */
function relative(path: string): string {
  return posix.isAbsolute(path) || path.startsWith("../") ? path : `./${path}`;
}
