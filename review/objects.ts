/** What the resources of a preview stand for. Pure. */
import { code } from "./markdown";
import type { Resource, State } from "./preview";

export const types = {
  namespace: "kubernetes:core/v1:Namespace",
  secret: "kubernetes:core/v1:Secret",
  service: "kubernetes:core/v1:Service",
  release: "kubernetes:helm.sh/v3:Release",
  peerAuthentication: "kubernetes:security.istio.io/v1:PeerAuthentication",
  issued: "kubernetes:cert-manager.io/v1:Certificate",
  signed: "tls:index/locallySignedCert:LocallySignedCert",
  privateKey: "tls:index/privateKey:PrivateKey",
  eastWestGateway: "weft:gateway:EastWestGateway",
  peerSecret: "weft:mesh-member:PeerSecret",
  root: "weft:root-ca:RootCa",
  certManagerRoot: "weft:root-ca:CertManagerRoot",
  intermediate: "weft:root-ca:IntermediateCa",
  certManagerIntermediate: "weft:root-ca:CertManagerIntermediate",
} as const;

export const isPeerSecret = (resource: Resource) => isSecret(resource, /^weft-peers(-\d+)?$/);
/** Of the service account by which peers read a member; where tokens end, the Secret that they end with. */
export const isToken = (resource: Resource) => isSecret(resource, /^weft-reader-(token|binding)-\d+$/);
export const isCacerts = (resource: Resource) => isSecret(resource, /^cacerts$/);

function isSecret(resource: Resource, name: RegExp): boolean {
  const state = resource.after ?? resource.before;
  return resource.type === types.secret && state !== undefined && name.test(objectName(state) ?? "");
}

const releases: Record<string, string> = {
  "istio-base": "Istio's base chart",
  istiod: "istiod",
  "istio-eastwestgateway": "the east-west gateway",
  "istio-ingressgateway": "the ingress gateway",
};

/** "istiod", or "Gateway `istiod-gateway`": Markdown. */
export function titleOf(resource: Resource): string {
  const state = resource.after ?? resource.before;
  const name = (state && objectName(state)) ?? resource.name;
  if (resource.type === types.release) return releases[name] ?? `the release ${code(name)}`;
  return `${resource.type.slice(resource.type.lastIndexOf(":") + 1)} ${code(name)}`;
}

/** Name of the object in the cluster, or of the Helm release. */
export function objectName({ inputs }: State): string | undefined {
  return text(at(inputs, "metadata", "name")) ?? text(inputs["name"]);
}

/** Version of a release's chart; undefined where a folder holds the chart and it is not installed yet. */
export function versionOf(release: State | undefined): string | undefined {
  return text(release?.inputs["version"]) || text(at(release?.outputs, "status", "version"));
}

export function at(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === "object" && inner !== null ? (inner as Record<string, unknown>)[key] : undefined,
    value,
  );
}

/** What the engine puts where a value is not known yet: UnknownStringValue in sdk/go/common/resource/plugin/rpc.go. */
const notKnown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const text = (value: unknown) => (typeof value === "string" && value !== notKnown ? value : undefined);
