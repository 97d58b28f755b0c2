/** From a stack's own config to what the lab converges: the same mesh, on the lab's clusters. */
import { highestVersion, revisionsOf } from "../../mesh/revisions";
import type { ChartSource } from "../../mesh/schema";
import { istio as istioSchema } from "../../mesh/schema/istio";
import type { LabCluster } from "../control-plane";
import type { IstioArgs } from "./istio";
import { type Parts, type Plugin, standInCharts } from "./parts";
import { projectRoot } from "./stack";
import * as path from "node:path";

type Json = Record<string, unknown>;
interface ClusterEntry extends Json {
  name: string;
  istio?: Json;
}

/** A `Pulumi.<stack>.yaml`. */
export interface StackFile {
  config: Json & {
    "weft:mesh"?: Json & {
      istio?: Json;
      trust?: Json & { certManager?: { cluster: string; namespace?: string } };
      loadBalancer?: Json;
    };
    "weft:clusters": ClusterEntry[];
  };
}

export interface LabConfig {
  /** Names of the clusters to converge. */
  clusters: string[];
  /** The Istio that the stack names. */
  istio: IstioArgs;
  plugins: Plugin[];
  /** Whether it installs MetalLB. */
  metallb: boolean;
  /** Where cert-manager issues, if it does; its namespace where it is not the default one. */
  certManager?: { cluster: string; namespace?: string };
  /** The stack config to run with, once the clusters are up and the parts chosen; `leaving` are meant to leave. */
  config: (lab: LabCluster[], parts: Parts, leaving?: string[]) => Json;
}

/** The Istio that a stack has where it names none. */
export const defaultIstio = istioOf();

function istioOf(written: Json = {}): IstioArgs {
  const { version, hub, charts, ...istio } = istioSchema.parse(written);
  return { version: version ?? highestVersion(revisionsOf({ ...istio, hub, charts })), hub, charts };
}

export function labConfig(file: StackFile, options: { clusters?: number; charts?: string }): LabConfig {
  const entries = resize(file.config["weft:clusters"], options.clusters);
  const mesh = file.config["weft:mesh"] ?? {};
  const istio = istioOf(mesh.istio);
  const { loadBalancer } = mesh;
  const certManager = mesh.trust?.certManager;
  return {
    clusters: entries.map((entry) => entry.name),
    istio: { ...istio, charts: options.charts ? { path: options.charts } : absolute(istio.charts) },
    plugins: ["kubernetes", "tls", ...(certManager ? (["kubernetes-cert-manager"] as const) : [])],
    metallb: loadBalancer !== undefined,
    certManager,
    config: (lab, parts, leaving = []) => ({
      ...file.config,
      "weft:mesh": {
        ...mesh,
        istio: oneVersion(mesh.istio, parts.istio),
        remoteAccess: { ...(mesh.remoteAccess as Json | undefined), allowLoopback: true },
        ...(loadBalancer && { loadBalancer: { ...loadBalancer, charts: { path: standInCharts } } }),
        removing: leaving,
      },
      "weft:clusters": entries.map((entry) => {
        const { kubeconfig, context } = lab.find(({ name }) => name === entry.name)!;
        return { ...entry, ...withoutVersion(entry), kubeconfigPath: kubeconfig, context };
      }),
    }),
  };
}

/** Each revision in the one version that a lab has. */
function oneVersion(written: Json = {}, { version, ...istio }: Parts["istio"]): Json {
  const { revisions } = written;
  if (typeof revisions !== "object" || revisions === null) return { ...written, version, ...istio };
  const names = Object.keys(revisions);
  return { ...written, revisions: Object.fromEntries(names.map((name) => [name, version])), ...istio };
}

/** A lab has one version of Istio: members are not upgraded one by one. */
function withoutVersion({ istio }: ClusterEntry): Partial<ClusterEntry> {
  if (istio === undefined) return {};
  return { istio: Object.fromEntries(Object.entries(istio).filter(([key]) => key !== "version")) };
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
