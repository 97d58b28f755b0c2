/** What an object of a member says about trust and reach. Pure; no secret is in what comes out, only its digest. */
import { createHash, type X509Certificate } from "node:crypto";
import type { V1Deployment, V1Service } from "@kubernetes/client-node";
import { oneLine } from "../../mesh/certificates";
import { readerToken } from "../../mesh/reader-token";
import { certificatesIn } from "../../operate/checks/certificates";

export type Facts =
  | { kind: "Namespace"; network?: string }
  | { kind: "Cacerts"; roots: Root[]; signer?: Root }
  /** Roots that istiod gives every namespace. */
  | { kind: "Served"; roots: Root[] }
  /** What the istiods of a member hold of each peer that they read. */
  | { kind: "Istiod"; peers: Record<string, Held> }
  /** Of a Secret with remote kubeconfigs: the digest of the token in each, or of what it is bound to, by peer. */
  | { kind: "PeerSecret"; tokens: Record<string, string> }
  | { kind: "Token"; token: string }
  | { kind: "EastWestService"; uid: string; type: string; addresses: string[]; ports: string[] }
  | { kind: "Deployment"; runs: "istiod" | "east-west gateway"; ready: number; rolledOut: boolean }
  | { kind: "IstioObject"; type: string; spec: string };

/** A root by its subject and key: a reissued certificate is the same root. */
export interface Root {
  id: string;
  /** For people: the name that Weft knows it by, else its subject. */
  name: string;
}

export interface Held {
  /** `synced`, `syncing`, `timeout`, `closed`; `not read` by one of several istiods. */
  state: string;
  /** Services that are live there, and none of whose endpoints is held: `helloworld.sample`. */
  lacking: string[];
}

/** The part of an object that matters here. */
export interface KubernetesObject {
  kind?: string;
  metadata: {
    name: string;
    uid?: string;
    resourceVersion?: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  type?: string;
  data?: Record<string, string>;
  spec?: unknown;
  status?: unknown;
}

/** What is known of an object of this kind; undefined where it has nothing to do with trust or reach. */
export function factsOf(kind: string, object: KubernetesObject): Facts | undefined {
  const { name, labels = {} } = object.metadata;
  switch (kind) {
    case "Namespace":
      return { kind, network: labels["topology.istio.io/network"] };
    case "Secret":
      return secretFacts(object);
    case "ConfigMap":
      return { kind: "Served", roots: rootsIn(object.data?.["root-cert.pem"] ?? "") };
    case "Service":
      return name === "istio-eastwestgateway" ? serviceFacts(object as V1Service) : undefined;
    case "Deployment":
      return deploymentFacts(object as V1Deployment);
    default:
      return { kind: "IstioObject", type: kind, spec: digest(JSON.stringify(object.spec)) };
  }
}

function secretFacts({ metadata, type, data = {} }: KubernetesObject): Facts | undefined {
  const text = (key: string) => Buffer.from(data[key] ?? "", "base64").toString("utf8");
  if (metadata.name === "cacerts") return cacertsFacts(metadata.annotations ?? {}, text);
  if (metadata.labels?.["istio/multiCluster"] === "true") {
    const tokens = Object.keys(data).map((peer) => {
      const token = tokenIn(text(peer));
      return [peer, digest(readerToken(token)?.boundTo ?? token)];
    });
    return {
      kind: "PeerSecret",
      tokens: Object.fromEntries(tokens) as Record<string, string>,
    };
  }
  // What is bound to a Secret is as good as it is there.
  if (/^weft-reader-binding-/.test(metadata.name)) {
    return { kind: "Token", token: digest(metadata.uid ?? "") };
  }
  return type === "kubernetes.io/service-account-token"
    ? { kind: "Token", token: digest(text("token")) }
    : undefined;
}

function cacertsFacts(annotations: Record<string, string>, text: (key: string) => string): Facts {
  const bundle = text("root-cert.pem");
  const certificates = certificatesIn(bundle);
  const roots = rootsIn(bundle, annotations["weft.dev/roots"]);
  const top = certificatesIn(text("cert-chain.pem")).at(-1);
  const selfSigned = top?.checkIssued(top) ? rootId(top) : undefined;
  const signer =
    selfSigned === undefined
      ? roots.find((_, index) => top !== undefined && top.checkIssued(certificates[index]!))
      : (roots.find(({ id }) => id === selfSigned) ?? {
          id: selfSigned,
          name: annotations["weft.dev/signing-root"] ?? subjectOf(top!),
        });
  return { kind: "Cacerts", roots, signer };
}

/** @param names of all of them, in their order. */
function rootsIn(bundle: string, names = ""): Root[] {
  const certificates = certificatesIn(bundle);
  const given = names.split(",");
  return certificates.map((certificate, index) => ({
    id: rootId(certificate),
    name: (certificates.length === given.length && given[index]) || subjectOf(certificate),
  }));
}

function serviceFacts({ metadata, spec, status }: V1Service): Facts {
  const { type = "ClusterIP", ports = [] } = spec ?? {};
  const ingress = status?.loadBalancer?.ingress ?? [];
  return {
    kind: "EastWestService",
    uid: metadata?.uid ?? "",
    type,
    addresses: ingress.map(({ ip, hostname }) => ip ?? hostname ?? "").sort(),
    ports: ports
      // Behind a load balancer nobody uses the node port.
      .map(({ port, nodePort }) => (type === "NodePort" ? `${port}:${nodePort}` : String(port)))
      .sort(),
  };
}

function deploymentFacts({ metadata, spec, status }: V1Deployment): Facts | undefined {
  const isIstiod = metadata?.labels?.app === "istiod";
  if (!isIstiod && metadata?.name !== "istio-eastwestgateway") return undefined;
  const { replicas: wanted = 1 } = spec ?? {};
  const { observedGeneration, replicas = 0, updatedReplicas = 0, readyReplicas = 0 } = status ?? {};
  return {
    kind: "Deployment",
    runs: isIstiod ? "istiod" : "east-west gateway",
    ready: readyReplicas,
    rolledOut:
      observedGeneration === metadata?.generation &&
      [replicas, updatedReplicas, readyReplicas].every((count) => count === wanted),
  };
}

function tokenIn(kubeconfig: string): string {
  return /^\s*token:\s*"?([^"\s]+)"?\s*$/m.exec(kubeconfig)?.[1] ?? "";
}

function rootId(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(certificate.subject).update(key).digest("hex").slice(0, 16);
}

/** Weft's own roots have their names in it, as the locality. */
const subjectOf = ({ subject }: X509Certificate) => /^L=(.+)$/m.exec(subject)?.[1] ?? oneLine(subject);
const digest = (text: string) =>
  text === "" ? "" : createHash("sha256").update(text).digest("hex").slice(0, 16);
