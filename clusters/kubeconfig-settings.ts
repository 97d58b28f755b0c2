/** The settings of a kubeconfig's cluster and user, made to stand alone: no file beside them, nothing that changes by itself. */
import { readFile } from "node:fs/promises";
import { isAbsolute, resolve, sep } from "node:path";
import type { Problem } from "../mesh/problems";
import type { Entry } from "./kubeconfig-source";

export type Report = (problem: Omit<Problem, "path">) => void;

/** Settings of a cluster, its certificate authority embedded. */
export async function clusterSettings(entry: Entry, report: Report): Promise<Record<string, unknown>> {
  const files: Files = { "certificate-authority": ["certificate-authority-data", base64] };
  const cluster = await embed(entry, files, report);
  keepOnlyExecExtension(cluster);
  return cluster;
}

/** Settings of a user, its certificate, key and token embedded. */
export async function userSettings(entry: Entry, report: Report): Promise<Record<string, unknown>> {
  const files: Files = {
    "client-certificate": ["client-certificate-data", base64],
    "client-key": ["client-key-data", base64],
    tokenFile: ["token", (contents) => contents.toString("utf8").trim()],
  };
  const user = await embed(entry, files, report);
  anchorCommand(user, entry.folder, report);
  delete user.extensions;
  return user;
}

/** The key that names a file, and what takes its place. */
type Files = Record<string, [key: string, encode: (contents: Buffer) => string]>;

/** Puts the contents of files in place of their paths. Where both are given the contents win, save for a token, as in client-go. */
async function embed(
  { settings, folder }: Entry,
  files: Files,
  report: Report,
): Promise<Record<string, unknown>> {
  const embedded = { ...settings };
  for (const [key, [target, encode]] of Object.entries(files)) {
    const file = text(settings[key]);
    delete embedded[key];
    if (file === undefined || (target !== "token" && text(settings[target]) !== undefined)) continue;
    const path = locate(file, folder);
    if (path === undefined) {
      report({
        value: file,
        message: `\`${key}\` is a relative path, and a kubeconfig in stack config has no folder to start from.`,
        remedy: "Embed the file: `kubectl config view --raw --minify --flatten` does.",
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
function anchorCommand(user: Record<string, unknown>, folder: string | undefined, report: Report): void {
  if (!isRecord(user.exec)) return;
  const command = text(user.exec.command);
  if (command === undefined || !command.includes(sep)) return;
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
function keepOnlyExecExtension(cluster: Record<string, unknown>): void {
  const { extensions } = cluster;
  delete cluster.extensions;
  const forExec = (extension: unknown) =>
    isRecord(extension) && extension.name === "client.authentication.k8s.io/exec";
  if (Array.isArray(extensions) && extensions.some(forExec)) cluster.extensions = extensions.filter(forExec);
}

function locate(path: string, folder: string | undefined): string | undefined {
  if (isAbsolute(path)) return path;
  return folder === undefined ? undefined : resolve(folder, path);
}

function base64(contents: Buffer): string {
  return contents.toString("base64");
}

export function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
