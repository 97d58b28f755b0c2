/** What a kubeconfig's user shows to the API server. */
import { execFile } from "node:child_process";
import { validateHeaderValue, type OutgoingHttpHeaders } from "node:http";
import { promisify } from "node:util";
import { z } from "zod";
import type { ResolvedKubeconfig } from "./kubeconfig";
import type { ClusterFields, Exec, UserFields } from "./kubeconfig-fields";

export interface Credentials {
  headers: OutgoingHttpHeaders;
  /** PEM of a client certificate and its key. */
  cert?: Buffer | string;
  key?: Buffer | string;
}

/** Credentials could not be had. The message says why, without anything secret. */
export class CredentialsError extends Error {}

/** A plugin may ask a cloud, or start an interpreter. */
const pluginTimeoutMs = 30_000;

/** @throws CredentialsError */
export async function credentialsOf(kubeconfig: ResolvedKubeconfig): Promise<Credentials> {
  const { exec, "auth-provider": authProvider, ...plain } = kubeconfig.user;
  const headers = impersonation(plain);
  const cert = plain["client-certificate-data"];
  const key = plain["client-key-data"];
  const credentials: Credentials = {
    headers,
    cert: cert === undefined ? undefined : Buffer.from(cert, "base64"),
    key: key === undefined ? undefined : Buffer.from(key, "base64"),
  };

  if (plain.token !== undefined) {
    headers.Authorization = `Bearer ${plain.token}`;
  } else if (plain.username !== undefined) {
    const pair = `${plain.username}:${plain.password ?? ""}`;
    headers.Authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
  } else if (exec !== undefined) {
    const issued = await issuedTo(kubeconfig, exec);
    if (issued.token !== undefined) headers.Authorization = `Bearer ${issued.token}`;
    if (issued.clientCertificateData !== undefined) {
      credentials.cert = issued.clientCertificateData;
      credentials.key = issued.clientKeyData;
    }
  } else if (authProvider !== undefined) {
    if (authProvider.name !== "oidc") {
      throw new CredentialsError(
        `Kubernetes clients no longer have the auth provider ${authProvider.name}: use its credential plugin (\`exec\`).`,
      );
    }
    // Not refreshed here: a refresh may spend the refresh token that the provider is about to use.
    const token = authProvider.config?.["id-token"];
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  }
  for (const [name, value] of Object.entries(headers)) {
    for (const part of [value].flat()) refuseUnlessHeader(name, String(part));
  }
  return credentials;
}

/** Node's own error would come with a stack trace, and Go's clients refuse it as well. */
function refuseUnlessHeader(name: string, value: string): void {
  try {
    validateHeaderValue(name, value);
  } catch {
    throw new CredentialsError(
      `what they put into the header ${name} has characters that no header can carry.`,
    );
  }
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#user-impersonation */
function impersonation(user: UserFields): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {};
  if (user.as !== undefined) headers["Impersonate-User"] = user.as;
  if (user["as-uid"] !== undefined) headers["Impersonate-Uid"] = user["as-uid"];
  if (user["as-groups"]?.length) headers["Impersonate-Group"] = user["as-groups"];
  for (const [key, values] of Object.entries(user["as-user-extra"] ?? {})) {
    headers[`Impersonate-Extra-${encodeURIComponent(key)}`] = values;
  }
  return headers;
}

const execCredentialSchema = z.object({
  apiVersion: z.string(),
  status: z.object({
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
    expirationTimestamp: z.string().optional(),
  }),
});

type Issue = z.output<typeof execCredentialSchema>["status"];

const issues = new WeakMap<ResolvedKubeconfig, Promise<Issue>>();
/** What ends within this many milliseconds is not used any more. */
const spareMs = 60_000;

/** What the plugin issues, as long as it is good: many ask at once, and each run may ask a cloud. */
async function issuedTo(kubeconfig: ResolvedKubeconfig, exec: Exec): Promise<Issue> {
  const known = issues.get(kubeconfig);
  if (known === undefined) {
    const run = runPlugin(exec, kubeconfig.cluster);
    issues.set(kubeconfig, run);
    run.catch(() => issues.delete(kubeconfig));
    return run;
  }
  const issue = await known;
  // One without an end is good until the process ends, as it is to Go's clients.
  if (!(Date.parse(issue.expirationTimestamp ?? "") - Date.now() < spareMs)) return issue;
  if (issues.get(kubeconfig) === known) issues.delete(kubeconfig);
  return issuedTo(kubeconfig, exec);
}

/** https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins */
async function runPlugin(exec: Exec, cluster: ClusterFields): Promise<Issue> {
  const name = `The credential plugin \`${exec.command}\``;
  const info = {
    apiVersion: exec.apiVersion,
    kind: "ExecCredential",
    spec: {
      interactive: false,
      ...(exec.provideClusterInfo ? { cluster: clusterInfo(cluster) } : {}),
    },
  };
  const run = promisify(execFile)(exec.command, exec.args ?? [], {
    env: {
      ...process.env,
      ...Object.fromEntries((exec.env ?? []).map(({ name, value }) => [name, value])),
      KUBERNETES_EXEC_INFO: JSON.stringify(info),
    },
    timeout: pluginTimeoutMs,
  });
  run.child.stdin?.end();
  let stdout: string;
  try {
    ({ stdout } = await run);
  } catch (error) {
    // Neither its output nor its arguments are shown: either may hold a credential.
    const { code, killed } = error as { code?: string | number; killed?: boolean };
    if (code === "ENOENT") throw new CredentialsError(`${name} is not installed.`);
    if (killed) throw new CredentialsError(`${name} gave no answer within ${pluginTimeoutMs / 1000} s.`);
    throw new CredentialsError(`${name} failed (${typeof code === "number" ? `exit code ${code}` : code}).`);
  }
  const parsed = execCredentialSchema.safeParse(parseJson(stdout));
  if (!parsed.success) throw new CredentialsError(`${name} did not answer with an ExecCredential.`);
  if (parsed.data.apiVersion !== exec.apiVersion) {
    throw new CredentialsError(
      `${name} answers in another apiVersion than the kubeconfig has, ${exec.apiVersion}, which Kubernetes clients refuse: update it.`,
    );
  }
  return parsed.data.status;
}

function clusterInfo(cluster: ClusterFields) {
  return {
    server: cluster.server,
    "tls-server-name": cluster["tls-server-name"],
    "insecure-skip-tls-verify": cluster["insecure-skip-tls-verify"],
    "certificate-authority-data": cluster["certificate-authority-data"],
    "proxy-url": cluster["proxy-url"],
    config: cluster.extensions?.[0]?.extension,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
