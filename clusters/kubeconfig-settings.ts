/** The settings of a kubeconfig's cluster and user, made to stand alone: no file beside them, nothing that changes by itself. */
import { readFile } from "node:fs/promises";
import { isAbsolute, resolve, sep } from "node:path";
import {
  clusterFields,
  fieldsOf,
  userFields,
  type ClusterFields,
  type Report,
  type UserFields,
} from "./kubeconfig-fields";
import type { KubeconfigPart } from "./kubeconfig-source";

/** Settings of a cluster, its certificate authority embedded. */
export async function clusterSettings(entry: KubeconfigPart, report: Report): Promise<ClusterFields> {
  const cluster = fieldsOf(clusterFields, entry.settings, "cluster", report);
  const files: Files = { "certificate-authority": ["certificate-authority-data", base64] };
  const embedded = (await embed(cluster, entry.folder, files, report)) as ClusterFields;
  keepOnlyExecExtension(embedded);
  return embedded;
}

/**
 * Settings of a user, its certificate, key and token embedded. `tokenFile` stays, as an absolute path: what is in it changes by itself.
 */
export async function userSettings(entry: KubeconfigPart, report: Report): Promise<UserFields> {
  const user = fieldsOf(userFields, entry.settings, "user", report);
  const files: Files = {
    "client-certificate": ["client-certificate-data", base64],
    "client-key": ["client-key-data", base64],
    tokenFile: ["token", (contents) => contents.toString("utf8")],
  };
  const embedded = (await embed(user, entry.folder, files, report)) as UserFields;
  // From a file, or a block of YAML, it comes with the end of its line, which no HTTP header can carry.
  if (embedded.token !== undefined) embedded.token = embedded.token.trim();
  if (user.tokenFile !== undefined) embedded.tokenFile = locate(user.tokenFile, entry.folder);
  anchorCommand(embedded, entry.folder, report);
  delete embedded.extensions;
  return embedded;
}

/** The key that names a file, and what takes its place. */
type Files = Record<string, [key: string, encode: (contents: Buffer) => string]>;

/** Puts the contents of files in place of their paths. Where both are given the contents win, save for a token, as in client-go. */
async function embed(
  settings: Record<string, unknown>,
  folder: string | undefined,
  files: Files,
  report: Report,
): Promise<Record<string, unknown>> {
  const embedded = { ...settings };
  for (const [key, [target, encode]] of Object.entries(files)) {
    const file = settings[key] as string | undefined;
    delete embedded[key];
    if (file === undefined || (target !== "token" && settings[target] !== undefined)) continue;
    const path = locate(file, folder);
    if (path === undefined) {
      report({
        value: file,
        message: `\`${key}\` is a relative path, and a kubeconfig in stack config has no folder to start from.`,
        remedy:
          key === "tokenFile"
            ? "Write its absolute path."
            : "Embed the file: `kubectl config view --raw --minify --flatten` does.",
      });
      continue;
    }
    try {
      embedded[target] = encode(await readFile(path));
    } catch (error) {
      report({
        value: path,
        message: `\`${key}\` names a file that cannot be read (${(error as NodeJS.ErrnoException).code}).`,
        remedy: "Put the file there, or correct the kubeconfig.",
      });
    }
  }
  return embedded;
}

/** A credential plugin given by a path with a slash is looked for beside the kubeconfig; others on PATH. */
function anchorCommand(user: UserFields, folder: string | undefined, report: Report): void {
  if (user.exec === undefined || !user.exec.command.includes(sep)) return;
  const { command } = user.exec;
  const path = locate(command, folder);
  if (path !== undefined) {
    user.exec = { ...user.exec, command: path };
    return;
  }
  report({
    value: command,
    message:
      "`exec.command` is a relative path, and a kubeconfig in stack config has no folder to start from.",
    remedy: "Write its absolute path, or its name alone if it is on PATH.",
  });
}

/** minikube and others keep time stamps in extensions; but one of them is configuration of a credential plugin. */
function keepOnlyExecExtension(cluster: ClusterFields): void {
  const forExec = cluster.extensions?.filter(({ name }) => name === "client.authentication.k8s.io/exec");
  delete cluster.extensions;
  if (forExec?.length) cluster.extensions = forExec;
}

function locate(path: string, folder: string | undefined): string | undefined {
  if (isAbsolute(path)) return path;
  return folder === undefined ? undefined : resolve(folder, path);
}

function base64(contents: Buffer): string {
  return contents.toString("base64");
}
