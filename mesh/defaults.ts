/** The defaults that one key takes from another. */
import { mergeValues } from "./istio-values";
import type { Member, MeshSpec } from "./mesh-spec";
import { hourMs } from "./reader-token";
import { revisionsOf, taggedRevision, tagsOf } from "./revisions";
import { intermediateGeneration, tokenRenewals } from "./revocation";
import type { ClusterConfig, MeshConfig, NamespaceMetadata } from "./schema";

/** A cluster as it was parsed, and where it stands in stack config. */
export interface ClusterEntry {
  path: string;
  cluster: ClusterConfig;
}

/**
 * Applies the mesh's defaults to its members and sorts them.
 * @param now to which span of `renewEveryHours` the tokens belong.
 */
export function withDefaults(config: MeshConfig, entries: ClusterEntry[], now = new Date()): MeshSpec {
  const { generation, renewEveryHours, tokenLifetimeHours } = config.remoteAccess;
  const renewals = renewEveryHours === undefined ? 0 : Math.floor(now.getTime() / (renewEveryHours * hourMs));
  const clusters = entries.map(({ cluster }) => cluster);
  const tokenOf = (cluster: ClusterConfig): Member["remoteAccess"] => {
    const forRevoked = tokenRenewals(config.trust, clusters, cluster.name);
    const own = cluster.remoteAccess.generation ?? generation;
    return {
      generation: own + renewals + forRevoked,
      forRevoked,
      tokenLifetimeHours: cluster.remoteAccess.tokenLifetimeHours ?? tokenLifetimeHours,
    };
  };
  const members = entries
    .map(({ path, cluster: { kubeconfig, apiServer, ...cluster } }): Member => ({
      ...cluster,
      path,
      // JSON is YAML.
      kubeconfig: typeof kubeconfig === "object" ? JSON.stringify(kubeconfig) : kubeconfig,
      apiServer: typeof apiServer === "string" ? { url: apiServer } : apiServer,
      network: cluster.network ?? cluster.name,
      primary: cluster.primary ?? cluster.name,
      reads: cluster.reads ?? fellowsOf(cluster.name, config.groups),
      istio: {
        ...istiodsOf(config.istio, cluster.istio),
        platform: cluster.istio.platform ?? config.istio.platform,
        values: mergeValues(config.istio.values, cluster.istio.values),
        base: { values: mergeValues(config.istio.base.values, cluster.istio.base.values) },
        cni: cniOf(config, cluster),
        adoptNamespace: cluster.istio.adoptNamespace ?? config.istio.adoptNamespace,
        ...namespaceMetadata(config.istio, cluster.istio),
      },
      eastWest: {
        ...cluster.eastWest,
        values: mergeValues(config.eastWest.values, cluster.eastWest.values),
      },
      ingress: cluster.ingress && {
        ...cluster.ingress,
        values: mergeValues(config.ingress.values, cluster.ingress.values),
        ...namespaceMetadata(config.ingress, cluster.ingress),
      },
      trust: { ...cluster.trust, intermediateGeneration: intermediateGeneration(config.trust, cluster) },
      remoteAccess: tokenOf(cluster),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const evicting = new Set(config.evicting);
  return {
    config,
    members: members.filter(({ name }) => !evicting.has(name)),
    evicted: [...evicting]
      .sort()
      .map((name) => ({ name, entry: members.find((entry) => entry.name === name) })),
  };
}

function istiodsOf(
  istio: MeshConfig["istio"],
  own: ClusterConfig["istio"],
): Pick<Member["istio"], "version" | "revisions" | "tags"> {
  const revisions = revisionsOf(istio, own.version);
  const tags = tagsOf(istio, own.tags);
  return { version: taggedRevision({ revisions, tags }).version, revisions, tags };
}

/** Those that share a group with it; undefined where there are no groups. */
function fellowsOf(name: string, groups: MeshConfig["groups"]): string[] | undefined {
  if (groups === undefined) return undefined;
  const shared = Object.values(groups).filter((group) => group.includes(name));
  return [...new Set(shared.flat())].filter((fellow) => fellow !== name);
}

/** OpenShift lets the plugin have its rights in kube-system alone: https://istio.io/latest/docs/setup/platform-setup/openshift/ */
function cniOf({ istio }: MeshConfig, cluster: ClusterConfig): Member["istio"]["cni"] {
  const [ofAll, own] = [istio.cni, cluster.istio.cni];
  if (ofAll === undefined && own === undefined) return undefined;
  const isOpenshift = (cluster.istio.platform ?? istio.platform) === "openshift";
  return {
    namespace: own?.namespace ?? ofAll?.namespace ?? (isOpenshift ? "kube-system" : "istio-system"),
    values: mergeValues(ofAll?.values ?? {}, own?.values ?? {}),
  };
}

function namespaceMetadata(ofAll: NamespaceMetadata, own: NamespaceMetadata): NamespaceMetadata {
  return {
    namespaceLabels: { ...ofAll.namespaceLabels, ...own.namespaceLabels },
    namespaceAnnotations: { ...ofAll.namespaceAnnotations, ...own.namespaceAnnotations },
  };
}
