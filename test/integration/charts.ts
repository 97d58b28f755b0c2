/** Istio's charts, rendered by helm, for the tests of what Weft writes for them. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import { parseAllDocuments } from "yaml";
import { moduleCharts } from "../../lab/toolchain";
import type { HelmValues } from "../../mesh/istio-values";

export type Chart = "base" | "cni" | "istiod" | "gateway";

interface KubernetesObject {
  kind: string;
  metadata: { name: string; [key: string]: unknown };
  [key: string]: unknown;
}

/** A place in a map of maps and lists. */
export type Path = (string | number)[];

/** Sets of charts, by name: folders with base, cni, istiod and gateway. */
export const chartSets: [string, () => Promise<string>][] = [
  ["of Istio 1.31", () => moduleCharts({ report })],
  [
    "of Istio's master of April 2026, between 1.30 and 1.31",
    () => moduleCharts({ report }, "1.31.0-alpha.0", "istio.io/istio@v0.0.0-20260423205519-b01690e6db7d"),
  ],
  ...(process.env.WEFT_CHARTS ?? "")
    .split(path.delimiter)
    .filter(Boolean)
    .map((folder): [string, () => Promise<string>] => [`in ${folder}`, () => Promise.resolve(folder)]),
];

function report(line: string): void {
  process.stderr.write(`${line}\n`);
}

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

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
