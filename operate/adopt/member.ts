/** What stack config has to say of one primary, so that it stays as it is. Pure. */
import { eastWestName, eastWestValues } from "../../components/gateway/gateway-chart-values";
import {
  baseValues,
  primaryValues,
  trustBundleAnnotation,
} from "../../components/mesh-member/istio-chart-values";
import { gatewayConflicts } from "../../mesh/gateway-values";
import { baseConflicts, type HelmValues, mergeValues, valueConflicts } from "../../mesh/istio-values";
import type { Member } from "../../mesh/mesh-spec";
import type { Refusal } from "../../mesh/problems";
import type { GatewayService } from "../../mesh/schema";
import { isDiscovered } from "../../mesh/topology";
import type { FoundMember } from "./found";
import type { MeshReleases } from "./releases";
import { type Extra, extraValues, removed, valueAt } from "./values";

/** What all members have to have in common. */
export interface MeshSettings {
  meshId: string | undefined;
  trustDomain: string | undefined;
  revision: string | undefined;
  hub: string | undefined;
  tag: string | undefined;
  imagePullSecrets: string[];
}

export interface MemberSettings {
  /** Version of istiod's chart. */
  version: string;
  network: string | undefined;
  platform: string | undefined;
  values: HelmValues;
  baseValues: HelmValues;
  eastWestValues: HelmValues;
  service: Partial<GatewayService>;
  namespaceLabels: Record<string, string>;
  namespaceAnnotations: Record<string, string>;
  notes: string[];
  problems: Refusal[];
}

export function meshSettings({ istiod: { values } }: MeshReleases): MeshSettings {
  return {
    meshId: text(valueAt(values, "global.meshID") ?? valueAt(values, "meshConfig.defaultConfig.meshId")),
    trustDomain: text(valueAt(values, "meshConfig.trustDomain")),
    revision: text(values["revision"]),
    hub: text(valueAt(values, "global.hub")),
    tag: text(valueAt(values, "global.tag")),
    imagePullSecrets: (valueAt(values, "global.imagePullSecrets") as string[] | undefined) ?? [],
  };
}

export function memberSettings(member: Member, found: FoundMember, releases: MeshReleases): MemberSettings {
  const { name, path } = member;
  const at = { path, value: name };
  const { values } = releases.istiod;
  const problems: Refusal[] = [];
  const notes: string[] = [];

  const cluster = text(valueAt(values, "global.multiCluster.clusterName")) ?? "Kubernetes";
  if (cluster !== name) {
    problems.push({
      path: `${path}.name`,
      value: name,
      message: `Its istiod calls this cluster ${cluster} (global.multiCluster.clusterName), and so do its peers and every proxy.`,
      remedy: `Name the member ${cluster}. (\`Kubernetes\` is Istio's default: upgrade istiod with a name of its own first, and the remote secrets of its peers with it.)`,
    });
  }
  const isRemote = valueAt(values, "global.configCluster") === true || values["profile"] === "remote";
  if (isRemote) {
    problems.push({
      ...at,
      message: "It is a remote: the istiod of another cluster serves it. Only primaries can be taken over.",
      remedy: "Leave the cluster out. Or give it an istiod of its own first.",
    });
  }
  const label = found.namespace?.labels[networkLabel];
  const network = text(valueAt(values, "global.network"));
  if (network === undefined || (label !== undefined && label !== network)) {
    problems.push({
      ...at,
      message: `istiod's global.network is ${network ?? "not set"}, and namespace istio-system ${label === undefined ? "has no label" : `is labelled ${label}, by`} ${networkLabel}.`,
      remedy: "Make them the same first: istiods and gateways have to agree on where its pods are.",
    });
  }

  const platform = text(valueAt(values, "global.platform"));
  const { meshId = "", trustDomain = "cluster.local", ...own } = meshSettings(releases);
  const { revision, hub, tag, imagePullSecrets } = own;
  const overruled = (release: string, { overruled: paths }: Extra, isFine: (path: string) => boolean) => {
    for (const { path: keys, instead } of paths) {
      const key = keys.join(".");
      if (isFine(key)) continue;
      problems.push({
        ...at,
        message: `Helm value ${key} of release ${release} is one that Weft sets itself.`,
        remedy: instead,
      });
    }
  };

  const istiod = extraValues(
    // Of a mesh that Weft made, whose state is lost.
    removed(values, ["pilot", "podAnnotations", trustBundleAnnotation]),
    primaryValues({
      meshId,
      cluster,
      network: network ?? "",
      trustDomain,
      revision,
      platform,
      hub,
      tag,
      imagePullSecrets,
      servesRemotes: false,
    }),
    valueConflicts,
  );
  overruled("istiod", istiod, () => isRemote);

  const base = extraValues(
    releases.base.values,
    baseValues({ role: "primary", revision, platform }),
    baseConflicts,
  );
  overruled("istio-base", base, () => false);

  const ownService = serviceIn(releases.eastWest?.values ?? {});
  const service = mergeValues(member.eastWest.service, ownService) as GatewayService;
  const eastWest = extraValues(
    releases.eastWest?.values ?? {},
    eastWestValues({
      network: network ?? "",
      isDiscovered: isDiscovered({ ...member, eastWest: { ...member.eastWest, service } }),
      exposesIstiod: false,
      service,
      nodePort: member.eastWest.port,
      revision,
      imagePullSecrets,
      platform,
    }),
    (extra) => gatewayConflicts("eastWest", extra),
  );
  overruled(
    eastWestName,
    eastWest,
    (key) => key in ownInGateway || key.startsWith("service.") || key === "networkGateway",
  );
  for (const { path: keys } of eastWest.overruled) {
    const told = ownInGateway[keys.join(".")];
    if (told !== undefined) notes.push(`${name}: ${told}`);
  }

  for (const release of [releases.base, releases.eastWest]) {
    if (release === undefined || release.version === releases.istiod.version) continue;
    notes.push(
      `${name}: release ${release.name} is ${release.version}; the first \`pulumi up\` brings it to istiod's version, ${releases.istiod.version}.`,
    );
  }
  return {
    version: releases.istiod.version,
    network,
    platform,
    values: istiod.values,
    baseValues: base.values,
    eastWestValues: eastWest.values,
    service: ownService,
    namespaceLabels: others(found.namespace?.labels ?? {}),
    namespaceAnnotations: others(found.namespace?.annotations ?? {}),
    notes,
    problems,
  };
}

const networkLabel = "topology.istio.io/network";

/** What Weft has otherwise in the gateway than the guides, without harm to a mesh of primaries. */
const ownInGateway: Record<string, string> = {
  "service.ports":
    "the ports of its east-west gateway become those that the mesh needs, 15021 and 15443, at the first `pulumi up`.",
  networkGatewayPorts:
    "the ports of its east-west gateway become those that the mesh needs, 15021 and 15443, at the first `pulumi up`.",
  "rbac.enabled":
    "its east-west gateway loses the right to read the Secrets of istio-system, the CA's key among them, at the first `pulumi up`.",
};

function serviceIn(values: HelmValues): Partial<GatewayService> {
  const { type, annotations, loadBalancerSourceRanges } = (values["service"] ??
    {}) as Partial<GatewayService>;
  return defined({
    // The charts' default, and Weft's.
    type: type === "LoadBalancer" ? undefined : type,
    annotations,
    loadBalancerSourceRanges,
  });
}

/** Labels and annotations of istio-system that are neither Weft's nor Kubernetes' own. */
function others(map: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(map).filter(
      ([key]) => !/^(weft\.dev|pulumi\.com|kubectl\.kubernetes\.io)\//.test(key) && !notOthers.includes(key),
    ),
  );
}

const notOthers = [
  "kubernetes.io/metadata.name",
  "app.kubernetes.io/managed-by",
  networkLabel,
  "topology.istio.io/controlPlaneClusters",
  "istio-injection",
  "istio.io/rev",
];

function defined(values: object): HelmValues {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

/** Helm's `--set` makes numbers of what looks like one. */
function text(value: unknown): string | undefined {
  return typeof value === "number"
    ? String(value)
    : typeof value === "string" && value !== ""
      ? value
      : undefined;
}
