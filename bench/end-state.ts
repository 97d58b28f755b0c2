/** What stands in a cluster when a mesh has converged, in a form that is the same for two meshes that are the same. */
import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { parse } from "yaml";
import type { LabCluster } from "../lab/control-plane";
import { trustBundleAnnotation } from "../components/mesh-member/istio-chart-values";
import { ensureToolchain } from "../lab/toolchain";

const run = promisify(execFile);

export interface KubernetesObject {
  kind: string;
  apiVersion: string;
  type?: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    ownerReferences?: unknown[];
  };
  spec?: unknown;
  data?: Record<string, string>;
}

/** By object (`Secret istio-system/cacerts`): what is to be the same of it. */
export type EndState = Record<string, unknown>;

/** Reads every object of every kind in the cluster. */
export async function readEndState({ kubeconfig }: LabCluster): Promise<EndState> {
  const { kubectl } = await ensureToolchain(["kubectl"], { report: () => {} });
  const get = async (...args: string[]) =>
    (await run(kubectl, ["--kubeconfig", kubeconfig, ...args], { maxBuffer: 1 << 28 })).stdout;
  const kinds = await get("api-resources", "--verbs=list", "--output=name");
  const list = await get("get", kinds.trim().replaceAll("\n", ","), "--all-namespaces", "--output=json");
  return endStateOf((JSON.parse(list) as { items: KubernetesObject[] }).items);
}

/** Kinds whose names are drawn by lot. */
const unnamed = ["Event", "IPAddress"];

/** Of every object that no other one owns: kind and name; of Secrets the keys too, and of what makes the mesh its contents. */
export function endStateOf(objects: KubernetesObject[]): EndState {
  return Object.fromEntries(
    objects
      .filter(({ kind, metadata }) => !unnamed.includes(kind) && metadata.ownerReferences === undefined)
      .map((object): [string, unknown] => [idOf(object), detailsOf(object)])
      .sort(([a], [b]) => a.localeCompare(b)),
  );
}

/** How the second state differs from the first, one line for each object; empty when they are the same. */
export function differences(expected: EndState, actual: EndState): string[] {
  return [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort().flatMap((id) => {
    if (!(id in actual)) return [`${id} is missing`];
    if (!(id in expected)) return [`${id} is too much`];
    const [wanted, got] = [JSON.stringify(expected[id]), JSON.stringify(actual[id])];
    return wanted === got ? [] : [`${id}: ${got}, not ${wanted}`];
  });
}

function idOf({ kind, metadata: { namespace, name } }: KubernetesObject): string {
  return `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`;
}

function detailsOf(object: KubernetesObject): unknown {
  const { kind, apiVersion, metadata, spec, data = {} } = object;
  if (kind === "Namespace") return metadata.labels?.["topology.istio.io/network"] ?? null;
  if (/\.istio\.io\//.test(apiVersion)) return sorted(spec);
  if (kind !== "Secret") return null;
  if (object.type === "helm.sh/release.v1") return releaseOf(data.release!);
  if (metadata.labels?.["istio/multiCluster"] === "true") {
    return sorted(
      Object.fromEntries(Object.entries(data).map(([peer, text]) => [peer, accessOf(decode(text))])),
    );
  }
  if (metadata.name === "cacerts") return caOf(data);
  return { type: object.type, keys: Object.keys(data).sort() };
}

/** Helm keeps a release as base64 of gzip of JSON. */
function releaseOf(encoded: string): unknown {
  const json = gunzipSync(Buffer.from(decode(encoded), "base64")).toString();
  const { chart, info, config } = JSON.parse(json) as {
    chart: { metadata: { name: string; version: string } };
    info: { status: string };
    config?: Record<string, { podAnnotations?: Record<string, string> }>;
  };
  const annotations = config?.pilot?.podAnnotations;
  // Each mesh has a root of its own.
  if (annotations?.[trustBundleAnnotation]) annotations[trustBundleAnnotation] = "fingerprint";
  return {
    chart: `${chart.metadata.name} ${chart.metadata.version}`,
    status: info.status,
    values: sorted(config),
  };
}

interface Kubeconfig {
  clusters: { cluster: Record<string, string> }[];
  users: { user: { token?: string } }[];
}

function accessOf(text: string): unknown {
  const { clusters, users } = parse(text) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const ca = cluster?.["certificate-authority-data"];
  return {
    server: ca === undefined ? null : new X509Certificate(decode(ca)).subject,
    reader: subjectOf(users[0]?.user.token),
  };
}

/** Whom a service account token stands for. */
function subjectOf(token = ""): unknown {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString() || "{}") as {
    sub?: string;
  };
  return claims.sub;
}

function caOf(data: Record<string, string>): unknown {
  const certificate = (key: string) => new X509Certificate(decode(data[key]!));
  const [own, root] = [certificate("ca-cert.pem"), certificate("root-cert.pem")];
  return {
    keys: Object.keys(data).sort(),
    isCa: own.ca,
    signedByRoot: own.verify(root.publicKey),
    chainLength: decode(data["cert-chain.pem"]!).split("-----BEGIN").length - 1,
    key: [own.publicKey.asymmetricKeyType, own.publicKey.asymmetricKeyDetails],
  };
}

const decode = (text: string) => Buffer.from(text, "base64").toString();

/** The same value with the keys of its maps in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
