/** Renders charts by helm and takes manifests apart, for the tests of Helm values and of the stand-in charts. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import { parse, parseAllDocuments } from "yaml";
import type { HelmValues } from "../../mesh/istio-values";

export type Chart = "base" | "istiod" | "gateway";

interface KubernetesObject {
  kind: string;
  metadata: { name: string; [key: string]: unknown };
  [key: string]: unknown;
}

/** A place in a map of maps and lists. */
export type Path = (string | number)[];

export const standIns = path.resolve(__dirname, "../../lab/doubles/charts");

/** Folders of real charts, each with base, istiod and gateway: WEFT_CHARTS, separated as PATH is. */
export const realCharts = (process.env.WEFT_CHARTS ?? "").split(path.delimiter).filter(Boolean);

/** The objects of a chart, by kind and name. Rejects with what helm says. */
export async function render(
  helm: string,
  charts: string,
  chart: Chart,
  values: HelmValues,
): Promise<Map<string, KubernetesObject>> {
  const release = chart === "istiod" ? "istiod" : `istio-${chart}`;
  const args = [
    "template",
    release,
    path.join(charts, chart),
    "--namespace",
    "istio-system",
    "--values",
    "-",
  ];
  const manifest = await new Promise<string>((resolve, reject) => {
    const child = execFile(helm, args, { maxBuffer: 64 * 2 ** 20 }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr)) : resolve(stdout),
    );
    child.stdin?.end(JSON.stringify(values));
  });
  const objects = parseAllDocuments(manifest)
    .map((document) => document.toJS({ maxAliasCount: -1 }) as KubernetesObject | null)
    .filter((object) => object !== null);
  return new Map(objects.map((object) => [`${object.kind}/${object.metadata.name}`, object]));
}

/** Every leaf of a tree with its path; an empty map or list is a leaf too. */
export function leaves(tree: unknown, at: Path = []): [Path, unknown][] {
  const children = Array.isArray(tree) ? [...tree.entries()] : isMap(tree) ? Object.entries(tree) : [];
  return children.length === 0
    ? [[at, tree]]
    : children.flatMap(([key, child]) => leaves(child, [...at, key]));
}

/** The tree with another value at the path. */
export function replaced(tree: unknown, [key, ...rest]: Path, value: unknown): unknown {
  if (key === undefined) return value;
  const copy = (Array.isArray(tree) ? [...(tree as unknown[])] : { ...(tree as object) }) as Record<
    string | number,
    unknown
  >;
  copy[key] = replaced(copy[key], rest, value);
  return copy;
}

/**
 * The object as paths and values that do not depend on order: list items by their name, rules of a role by group,
 * resource and verb, the YAML in a ConfigMap as what it says.
 */
export function flat(object: KubernetesObject): Map<string, unknown> {
  const tree: Record<string, unknown> = { ...object };
  if (/Role$/.test(object.kind)) tree.rules = grantsOf(object.rules as Rule[]);
  if (object.kind === "ConfigMap") {
    const data = Object.entries(object.data as Record<string, string>);
    tree.data = Object.fromEntries(data.map(([key, text]) => [key, parse(text) as unknown]));
  }
  return new Map(leaves(named(tree)).map(([at, value]) => [at.join("."), value]));
}

interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
}

function grantsOf(rules: Rule[]): string[] {
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${group}/${resource}.${verb}`)),
    ),
  );
}

function named(tree: unknown): unknown {
  if (Array.isArray(tree)) {
    const items = tree as unknown[];
    return Object.fromEntries(
      items.map((item, index) => [
        isMap(item) && typeof item.name === "string" ? item.name : typeof item === "string" ? item : index,
        named(item),
      ]),
    );
  }
  return isMap(tree)
    ? Object.fromEntries(Object.entries(tree).map(([key, child]) => [key, named(child)]))
    : tree;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
