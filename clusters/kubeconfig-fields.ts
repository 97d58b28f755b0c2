/** The fields of a kubeconfig's cluster and user, and what Go's clients refuse in them: what the provider would stumble over later. */
import { z } from "zod";
import type { Problem } from "../mesh/problems";

export type Report = (problem: Omit<Problem, "path">) => void;

const text = z.string().optional();
const texts = z.array(z.string()).optional();

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#Cluster */
export const clusterFields = z.looseObject({
  server: text,
  "tls-server-name": text,
  "insecure-skip-tls-verify": z.boolean().optional(),
  "certificate-authority": text,
  "certificate-authority-data": text,
  "proxy-url": text,
  extensions: z.array(z.looseObject({ name: text, extension: z.unknown() })).optional(),
});

/** https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/#AuthInfo */
export const userFields = z.looseObject({
  token: text,
  tokenFile: text,
  username: text,
  password: text,
  "client-certificate": text,
  "client-certificate-data": text,
  "client-key": text,
  "client-key-data": text,
  as: text,
  "as-uid": text,
  "as-groups": texts,
  "as-user-extra": z.record(z.string(), z.array(z.string())).optional(),
  "auth-provider": z
    .looseObject({ name: z.string(), config: z.record(z.string(), z.string()).optional() })
    .optional(),
  exec: z
    .looseObject({
      apiVersion: text,
      command: z.string(),
      args: texts,
      env: z.array(z.looseObject({ name: z.string(), value: z.string().default("") })).optional(),
      provideClusterInfo: z.boolean().optional(),
      interactiveMode: text,
    })
    .optional(),
});

export type ClusterFields = z.output<typeof clusterFields>;
export type UserFields = z.output<typeof userFields>;
export type Exec = NonNullable<UserFields["exec"]>;

/**
 * The fields that are set. One that is not of its kind is reported, and left out.
 * @param what "cluster" or "user"
 */
export function fieldsOf<T extends object>(
  schema: z.ZodType<T>,
  settings: object,
  what: string,
  report: Report,
): T {
  const fields = setIn(settings) as Record<PropertyKey, unknown>;
  const { success, data, error } = schema.safeParse(fields);
  if (success) return data;
  for (const { path } of error.issues) {
    const at = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
    report({
      message: `\`${at.slice(1)}\` of the ${what} is not what a kubeconfig has there.`,
      remedy: "`kubectl config view` shows what is.",
    });
    delete fields[path[0]!];
  }
  return schema.parse(fields);
}

/** To Go's clients `""` and null are as good as a key that is not there. */
function setIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(setIn);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && field !== "")
      .map(([key, field]) => [key, key === "extension" ? field : setIn(field)]),
  );
}

/** https://github.com/kubernetes/client-go/blob/v0.36.1/tools/clientcmd/helpers.go (parseProxyURL) */
const proxySchemes = ["http:", "https:", "socks5:"];

/** Whether Go's clients take it for the URL of a proxy. */
export function isProxyUrl(value: string): boolean {
  return URL.canParse(value) && proxySchemes.includes(new URL(value).protocol) && new URL(value).host !== "";
}

/** https://github.com/kubernetes/client-go/blob/v0.36.1/plugin/pkg/client/auth/exec/exec.go (apiVersions) */
const execVersions = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/** https://github.com/kubernetes/client-go/blob/v0.36.1/tools/clientcmd/validation.go (validateClusterInfo) */
export function checkCluster(cluster: ClusterFields, origin: string, report: Report): void {
  const proxy = cluster["proxy-url"];
  if (proxy !== undefined && !isProxyUrl(proxy)) {
    report({
      // It may carry a password.
      message: `The \`proxy-url\` in ${origin} is not the URL of a proxy.`,
      remedy: "Write it with its scheme: http, https or socks5, such as http://127.0.0.1:3128.",
    });
  }
  if (cluster["insecure-skip-tls-verify"] === true && cluster["certificate-authority-data"] !== undefined) {
    report({
      value: cluster.server,
      message: `The cluster in ${origin} has both a certificate authority and \`insecure-skip-tls-verify\`, which Kubernetes clients refuse.`,
      remedy: "Drop `insecure-skip-tls-verify`.",
    });
  }
}

/** https://github.com/kubernetes/client-go/blob/v0.36.1/tools/clientcmd/validation.go (validateAuthInfo) */
export function checkUser(user: UserFields, origin: string, report: Report): void {
  const refuse = (what: string, remedy: string) =>
    report({ message: `The user in ${origin} ${what}, which Kubernetes clients refuse.`, remedy });
  if (user.token !== undefined && (user.username ?? user.password) !== undefined) {
    refuse("has both a token and a user name", "Keep one of the two.");
  }
  if (user["client-certificate-data"] !== undefined && user["client-key-data"] === undefined) {
    refuse("has a client certificate without its key", "Add `client-key-data`.");
  }
  const impersonates = [user["as-uid"], user["as-groups"]?.[0], Object.keys(user["as-user-extra"] ?? {})[0]];
  if (user.as === undefined && impersonates.some((one) => one !== undefined)) {
    refuse("impersonates a group, but nobody", "Add `as`.");
  }
  if (user.exec === undefined) return;
  if (user["auth-provider"] !== undefined) {
    refuse("has both a credential plugin (`exec`) and an `auth-provider`", "Keep one of the two.");
  }
  checkExec(user.exec, origin, report);
}

function checkExec({ apiVersion, command, interactiveMode }: Exec, origin: string, report: Report): void {
  const name = `The credential plugin \`${command}\` in ${origin}`;
  if (apiVersion === undefined || !execVersions.includes(apiVersion)) {
    report({
      value: apiVersion,
      message: `${name} has no \`apiVersion\` that Kubernetes clients know.`,
      remedy: `They know ${execVersions.join(" and ")}: update the plugin, and let it write the kubeconfig anew.`,
    });
    return;
  }
  const known = ["Never", "IfAvailable", "Always"];
  const isMissing = interactiveMode === undefined && apiVersion === execVersions[0];
  if (isMissing || (interactiveMode !== undefined && !known.includes(interactiveMode))) {
    report({
      value: interactiveMode,
      message: `${name} does not say whether it wants a terminal, without which Kubernetes clients refuse ${execVersions[0]}.`,
      remedy: "Add `interactiveMode: Never` or `IfAvailable`.",
    });
  } else if (interactiveMode === "Always") {
    report({
      value: interactiveMode,
      message: `${name} wants a terminal, and Pulumi has none to give.`,
      remedy: "Use a plugin, or a way to log in, that needs none.",
    });
  }
}
