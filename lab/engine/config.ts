/** From a stack's own config to what the lab converges: the same mesh, on the lab's clusters. */
import type { ChartSource } from "../../mesh/schema";
import type { LabCluster } from "../control-plane";
import { type Parts, type Plugin, standInCharts } from "./parts";
import { projectRoot } from "./stack";
import * as path from "node:path";

type Json = Record<string, unknown>;
interface ClusterEntry extends Json {
  name: string;
}

/** A `Pulumi.<stack>.yaml`. */
export interface StackFile {
  config: Json & {
    "weft:mesh"?: Json & {
      istio?: Json & { charts?: ChartSource; values?: Json };
      trust?: Json & { certManager?: { cluster: string; namespace?: string } };
      loadBalancer?: Json;
    };
    "weft:clusters": ClusterEntry[];
  };
}

export interface LabConfig {
  /** Names of the clusters to converge. */
  clusters: string[];
  charts: ChartSource;
  plugins: Plugin[];
  /** Whether it installs MetalLB. */
  metallb: boolean;
  /** Where cert-manager issues, if it does; its namespace where it is not the default one. */
  certManager?: { cluster: string; namespace?: string };
  /** The stack config to run with, once the clusters are up and the parts chosen; `leaving` are meant to leave. */
  config: (lab: LabCluster[], parts: Parts, leaving?: string[]) => Json;
}

/** The charts a stack uses where it names none (the default of mesh/schema.ts). */
export const defaultCharts: ChartSource = {
  repository: "https://istio-release.storage.googleapis.com/charts",
};

export function labConfig(file: StackFile, options: { clusters?: number; charts?: string }): LabConfig {
  const entries = resize(file.config["weft:clusters"], options.clusters);
  const mesh = file.config["weft:mesh"] ?? {};
  const configured = mesh.istio?.charts ?? defaultCharts;
  const charts: ChartSource = options.charts ? { path: options.charts } : absolute(configured);
  const { loadBalancer } = mesh;
  const certManager = mesh.trust?.certManager;
  return {
    clusters: entries.map((entry) => entry.name),
    charts,
    plugins: ["kubernetes", "tls", ...(certManager ? (["kubernetes-cert-manager"] as const) : [])],
    metallb: loadBalancer !== undefined,
    certManager,
    config: (lab, parts, leaving = []) => ({
      ...file.config,
      "weft:mesh": {
        ...mesh,
        istio: { ...mesh.istio, charts: parts.charts, values: labValues(mesh.istio?.values ?? {}, parts) },
        remoteAccess: { ...(mesh.remoteAccess as Json | undefined), allowLoopback: true },
        ...(loadBalancer && { loadBalancer: { ...loadBalancer, charts: { path: standInCharts } } }),
        removing: leaving,
      },
      "weft:clusters": entries.map((entry) => {
        const { kubeconfig, context } = lab.find(({ name }) => name === entry.name)!;
        return { ...entry, kubeconfigPath: kubeconfig, context };
      }),
    }),
  };
}

/** No istiod process answers webhooks in the lab, and the API server would wait for them in vain. */
function labValues(values: Json, parts: Parts): Json {
  if (!parts.realCharts) return values;
  return { ...values, global: { ...(values.global as Json | undefined), operatorManageWebhooks: true } };
}

/** The listed clusters, cut or continued to `count` with members named clusterK on networks of their own. */
function resize(entries: ClusterEntry[], count = entries.length): ClusterEntry[] {
  const resized = entries.slice(0, count);
  const taken = new Set(resized.map((entry) => entry.name));
  for (let k = 1; resized.length < count; k++) {
    const name = `cluster${k}`;
    if (!taken.has(name)) resized.push({ name, network: `network${k}` });
  }
  return resized;
}

const absolute = (charts: ChartSource): ChartSource =>
  "path" in charts ? { path: path.resolve(projectRoot, charts.path) } : charts;
