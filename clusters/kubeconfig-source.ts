/** Where a kubeconfig comes from, and how several files become one: as kubectl does it. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, join, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import type { Member } from "../mesh/mesh-spec";
import { ConfigError } from "../mesh/problems";

/** A cluster, user or context of a kubeconfig. */
export interface KubeconfigPart {
  settings: Record<string, unknown>;
  /** Folder that relative paths in it start from; undefined where the kubeconfig was not read from a file. */
  folder?: string;
}

/** What a member says of its kubeconfig. */
export type KubeconfigSource = Pick<Member, "path" | "context" | "kubeconfig" | "kubeconfigPath">;

/** One kubeconfig, or several merged: the first to name a thing wins, as a whole. */
export interface Kubeconfig {
  /** Where it is from, in words that fit a sentence. */
  origin: string;
  /** The key of stack config that leads to it. */
  path: string;
  currentContext?: string;
  contexts: Map<string, KubeconfigPart>;
  clusters: Map<string, KubeconfigPart>;
  users: Map<string, KubeconfigPart>;
}

const settings = z.record(z.string(), z.unknown()).nullish();
const named = z
  .array(z.looseObject({ name: z.string(), context: settings, cluster: settings, user: settings }))
  .nullish();
const kubeconfigSchema = z.looseObject({
  "current-context": z.string().nullish(),
  contexts: named,
  clusters: named,
  users: named,
});

/**
 * Reads the kubeconfig of a member: its contents, the file it names, the files of $KUBECONFIG, or ~/.kube/config.
 * @see https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files
 * @throws ConfigError that never quotes the contents.
 */
export async function readKubeconfig(source: KubeconfigSource): Promise<Kubeconfig> {
  if (source.kubeconfig !== undefined) {
    const path = `${source.path}.kubeconfig`;
    return parseKubeconfig(source.kubeconfig, { origin: "the kubeconfig in stack config", path });
  }
  if (source.kubeconfigPath !== undefined) {
    return readFileAt(expandHome(source.kubeconfigPath), `${source.path}.kubeconfigPath`);
  }
  return readDefault(source);
}

async function readDefault(source: KubeconfigSource): Promise<Kubeconfig> {
  const path = `${source.path}.context`;
  const listed = (process.env.KUBECONFIG ?? "").split(delimiter).filter((file) => file !== "");
  const files = listed.length === 0 ? [join(homedir(), ".kube", "config")] : listed;
  const found: Kubeconfig[] = [];
  for (const file of files) {
    const text = await readText(file, path, { missing: "skip" });
    if (text !== undefined) found.push(parseKubeconfig(text, { origin: file, path, folder: folderOf(file) }));
  }
  if (found.length === 0) {
    throw new ConfigError([
      {
        path,
        value: source.context,
        ...(listed.length === 0
          ? {
              message: `No kubeconfig to look it up in: there is no ${files.join(", ")}.`,
              remedy: "Set $KUBECONFIG, or give this cluster its own `kubeconfigPath`.",
            }
          : {
              message: `No kubeconfig to look it up in: none of the files in $KUBECONFIG exists (${listed.join(", ")}).`,
              remedy: "Correct $KUBECONFIG, or give this cluster its own `kubeconfigPath`.",
            }),
      },
    ]);
  }
  return found.reduce((first, next) => ({
    origin: `${first.origin}, ${next.origin}`,
    path,
    currentContext: first.currentContext ?? next.currentContext,
    contexts: new Map([...next.contexts, ...first.contexts]),
    clusters: new Map([...next.clusters, ...first.clusters]),
    users: new Map([...next.users, ...first.users]),
  }));
}

async function readFileAt(file: string, path: string): Promise<Kubeconfig> {
  const text = await readText(file, path, { missing: "refuse" });
  return parseKubeconfig(text, { origin: file, path, folder: folderOf(file) });
}

async function readText(file: string, path: string, on: { missing: "refuse" }): Promise<string>;
async function readText(file: string, path: string, on: { missing: "skip" }): Promise<string | undefined>;
async function readText(file: string, path: string, { missing }: { missing: "refuse" | "skip" }) {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && missing === "skip") return undefined;
    throw new ConfigError([
      {
        path,
        value: file,
        message: code === "ENOENT" ? "There is no such file." : `The file cannot be read (${code}).`,
        remedy: "Give the path of a kubeconfig; a relative one starts at the project's folder.",
      },
    ]);
  }
}

interface Origin {
  origin: string;
  path: string;
  folder?: string;
}

function parseKubeconfig(text: string, { origin, path, folder }: Origin): Kubeconfig {
  const refuse = (what: string) =>
    new ConfigError([
      {
        path,
        message: `Not a kubeconfig: ${origin} ${what}.`,
        remedy: "`kubectl config view --raw --minify --flatten --context <context>` prints one.",
      },
    ]);

  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = document.errors[0];
  if (broken !== undefined) {
    // The library's message may quote the line, and with it a key or a token.
    throw refuse(`is not YAML (line ${lines.linePos(broken.pos[0]).line}: ${broken.code})`);
  }
  // An empty file is an empty kubeconfig.
  const parsed = kubeconfigSchema.safeParse(document.toJS() ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const at = z.core.toDotPath(issue?.path ?? []);
    throw refuse(at === "" ? "is not a YAML mapping" : `has something else than a kubeconfig at \`${at}\``);
  }
  const byName = (kind: "context" | "cluster" | "user") => {
    const entries = new Map<string, KubeconfigPart>();
    for (const entry of parsed.data[`${kind}s`] ?? []) {
      if (entries.has(entry.name)) throw refuse(`names the ${kind} ${entry.name} twice`);
      entries.set(entry.name, { settings: entry[kind] ?? {}, folder });
    }
    return entries;
  };
  return {
    origin,
    path,
    currentContext: parsed.data["current-context"] || undefined,
    contexts: byName("context"),
    clusters: byName("cluster"),
    users: byName("user"),
  };
}

/** Settings by which a kubeconfig makes whoever uses it run a command or read a file. */
const foreign = {
  clusters: ["certificate-authority"],
  users: ["exec", "auth-provider", "client-certificate", "client-key", "tokenFile"],
} as const;

/**
 * The settings that lead out of a kubeconfig, to commands and files of the machine that uses it.
 * @throws ConfigError when it is not a kubeconfig.
 */
export function foreignReferences(text: string, from: { origin: string; path: string }): string[] {
  const kubeconfig = parseKubeconfig(text, from);
  return (["clusters", "users"] as const).flatMap((kind) =>
    foreign[kind].filter((key) =>
      [...kubeconfig[kind].values()].some(({ settings }) => (settings[key] ?? "") !== ""),
    ),
  );
}

function folderOf(file: string): string {
  return dirname(resolve(file));
}

function expandHome(path: string): string {
  return path.startsWith("~/") ? join(homedir(), path.slice(2)) : path;
}
