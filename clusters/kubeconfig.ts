/** One member's way into its cluster: a kubeconfig of one context that needs no other file. */
import { stringify } from "yaml";
import type { MeshSpec } from "../mesh/mesh-spec";
import { ConfigError, type Problem } from "../mesh/problems";
import { hasCredentials } from "../mesh/peer-address";
import {
  checkCluster,
  checkUser,
  type ClusterFields,
  type Report,
  type UserFields,
} from "./kubeconfig-fields";
import { clusterSettings, userSettings } from "./kubeconfig-settings";
import { readKubeconfig, type Kubeconfig, type KubeconfigSource } from "./kubeconfig-source";

export interface ResolvedKubeconfig {
  /**
   * YAML. Secret. Only the chosen context, its cluster and its user, with every file embedded but the one that holds a token: the provider
   * reads that when it needs it, in a later `destroy` too.
   */
  kubeconfig: string;
  /** Where stack config speaks of the cluster: `weft:clusters[2]`. */
  path: string;
  /** Name of the chosen context. */
  context: string;
  /** Where it was read from, for messages: a path, or "the kubeconfig in stack config". */
  origin: string;
  /** URL of the API server. */
  server: string;
  insecureSkipTlsVerify: boolean;
  /** Name to expect in the server's certificate, where it is not the host of `server`. */
  tlsServerName?: string;
  /** Settings of the cluster, files embedded. */
  cluster: ClusterFields;
  /** Secret. Settings of the user, files embedded: `token` is what `tokenFile` held. */
  user: UserFields;
}

/** By the member's name. */
export type Kubeconfigs = ReadonlyMap<string, ResolvedKubeconfig>;

/**
 * Resolves the kubeconfigs of all members.
 * @throws ConfigError with the problems of all of them.
 */
export async function resolveKubeconfigs(mesh: MeshSpec): Promise<Kubeconfigs> {
  const settled = await Promise.allSettled(mesh.members.map(resolveKubeconfig));
  const resolved = new Map<string, ResolvedKubeconfig>();
  const problems: Problem[] = [];
  settled.forEach((result, index) => {
    if (result.status === "fulfilled") resolved.set(mesh.members[index]!.name, result.value);
    else if (result.reason instanceof ConfigError) problems.push(...result.reason.problems);
    else throw result.reason;
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return resolved;
}

/**
 * Resolves the kubeconfig of a cluster. What comes out depends on nothing but the chosen context, its cluster and its user.
 * @throws ConfigError, without anything of the contents but names, paths and the server's URL.
 */
export async function resolveKubeconfig(source: KubeconfigSource): Promise<ResolvedKubeconfig> {
  const kubeconfig = await readKubeconfig(source);
  const context = chooseContext(source, kubeconfig);
  const problems: Problem[] = [];
  const report: Report = (problem) => problems.push({ path: kubeconfig.path, ...problem });

  const clusterEntry = kubeconfig.clusters.get(context.cluster);
  const userEntry = kubeconfig.users.get(context.user);
  for (const [kind, name, entry] of [
    ["cluster", context.cluster, clusterEntry],
    ["user", context.user, userEntry],
  ] as const) {
    if (entry !== undefined) continue;
    report({
      value: context.name,
      message:
        name === ""
          ? `This context names no ${kind} (${kubeconfig.origin}).`
          : `This context's ${kind}, ${name}, is not in ${kubeconfig.origin}.`,
      remedy: `\`kubectl config set-context ${context.name} --${kind}=…\` names one.`,
    });
  }
  if (clusterEntry === undefined || userEntry === undefined) throw new ConfigError(problems);

  const cluster = await clusterSettings(clusterEntry, report);
  const user = await userSettings(userEntry, report);
  checkCluster(cluster, kubeconfig.origin, report);
  checkUser(user, kubeconfig.origin, report);
  const server = checkServer(cluster, kubeconfig, report);
  if (problems.length > 0) throw new ConfigError(problems);

  return {
    kubeconfig: render(context, cluster, user),
    path: source.path,
    context: context.name,
    origin: kubeconfig.origin,
    server,
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true,
    tlsServerName: cluster["tls-server-name"],
    cluster,
    user,
  };
}

interface Context {
  name: string;
  cluster: string;
  user: string;
}

function chooseContext(source: KubeconfigSource, kubeconfig: Kubeconfig): Context {
  const name = source.context ?? kubeconfig.currentContext;
  const known = [...kubeconfig.contexts.keys()].sort();
  const listed = known.length === 0 ? "It has no contexts." : `It has ${known.join(", ")}.`;
  const remedy = known.length === 0 ? "Get a kubeconfig that has one." : "Name one of its contexts.";
  const path = `${source.path}.context`;
  if (name === undefined) {
    const message = `No context is given, and ${kubeconfig.origin} has no current context. ${listed}`;
    throw new ConfigError([{ path, message, remedy }]);
  }
  const settings = kubeconfig.contexts.get(name)?.settings;
  if (settings === undefined) {
    const message = `There is no such context in ${kubeconfig.origin}. ${listed}`;
    throw new ConfigError([{ path, value: name, message, remedy }]);
  }
  return { name, cluster: text(settings.cluster), user: text(settings.user) };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function checkServer({ server }: ClusterFields, { origin }: Kubeconfig, report: Report): string {
  const remedy = "`server` of a cluster in a kubeconfig is a URL such as https://10.0.0.5:6443.";
  if (server === undefined) {
    report({ message: `The cluster has no \`server\` in ${origin}.`, remedy });
    return "";
  }
  const protocol = URL.canParse(server) ? new URL(server).protocol : undefined;
  if (hasCredentials(server)) {
    report({ message: `The \`server\` in ${origin} carries a user name or a password.`, remedy });
  } else if (protocol === "http:") {
    report({
      value: server,
      message: `The API server in ${origin} is reached without TLS, so nothing vouches for who answers.`,
      remedy,
    });
  } else if (protocol !== "https:") {
    report({ value: server, message: `The \`server\` in ${origin} is not an https URL.`, remedy });
  }
  return server;
}

function render(context: Context, cluster: ClusterFields, { token, ...user }: UserFields): string {
  const isKept = token !== undefined && user.tokenFile === undefined;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": context.name,
      contexts: [{ name: context.name, context: { cluster: context.cluster, user: context.user } }],
      clusters: [{ name: context.cluster, cluster }],
      users: [{ name: context.user, user: { ...user, ...(isKept && { token }) } }],
    },
    // Go's parsers read YAML 1.1, to which `no` and `y` are booleans.
    { sortMapEntries: true, lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" },
  );
}
