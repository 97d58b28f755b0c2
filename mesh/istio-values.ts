/** Helm values of the istiod chart that a person may add, and those that Weft derives from stack config. */

export type HelmValues = Record<string, unknown>;

/** A value that a person may not set, because Weft derives it from stack config. */
export interface ValueConflict {
  /** Path in the Helm values, such as `global.meshID`. */
  path: string;
  /** What to do in its place, as a sentence. */
  instead: string;
}

const byRole = "It follows from `role` and `primary` of the members.";
const byGateway = "It follows from `eastWest` of the members.";
const always = "It is always on, so that roots can be added and dropped.";
const byTrust = "It follows from `weft:mesh.trust`.";

const notAMap = "Give it a map: values in it define the mesh.";

/** The values that define the mesh, in the charts 1.28 to 1.31, and where they come from. */
const defining: Record<string, string> = {
  profile: byRole,
  istiodRemote: byRole,
  revision: "Set `weft:mesh.istio.revision`.",
  "global.istioNamespace": "Weft installs into istio-system.",
  "global.hub": "Set `weft:mesh.istio.hub`.",
  "global.tag": "Set `weft:mesh.istio.tag`.",
  "global.imagePullSecrets": "Set `weft:mesh.istio.imagePullSecrets`.",
  "global.meshID": "Set `weft:mesh.id`.",
  "meshConfig.defaultConfig.meshId": "Set `weft:mesh.id`.",
  "global.multiCluster.clusterName": "It is the member's `name`.",
  "env.CLUSTER_ID": "It is the member's `name`.",
  "global.network": "Set the member's `network`.",
  "global.meshNetworks": byGateway,
  "global.externalIstiod": byRole,
  "env.EXTERNAL_ISTIOD": byRole,
  "global.configCluster": byRole,
  "global.remotePilotAddress": byGateway,
  "env.ISTIOD_CUSTOM_HOST": byGateway,
  "meshConfig.trustDomain": "Set `weft:mesh.trustDomain`.",
  "meshConfig.rootNamespace": "Weft installs into istio-system.",
  "meshConfig.caCertificates": byTrust,
  "global.caAddress": byTrust,
  "global.pilotCertProvider": byTrust,
  "env.EXTERNAL_CA": byTrust,
  "env.ISTIO_MULTIROOT_MESH": always,
  "meshConfig.defaultConfig.proxyMetadata.PROXY_CONFIG_XDS_AGENT": always,
};

/** What in a person's values for istiod would redefine the mesh, each path once. */
export function valueConflicts(extra: HelmValues): ValueConflict[] {
  const conflicts = new Map<string, ValueConflict>();
  for (const [path, instead] of Object.entries(defining)) {
    // The chart lays everything under `pilot` over the rest.
    for (const written of [path, `pilot.${path}`]) {
      const at = overridden(extra, written.split("."));
      if (at === undefined || conflicts.has(at)) continue;
      conflicts.set(at, { path: at, instead: at === written ? instead : notAMap });
    }
  }
  return [...conflicts.values()];
}

/** The path at which the values replace the wanted one: it, or an ancestor that is no map and would wipe it out. */
function overridden(values: HelmValues, path: string[]): string | undefined {
  let node: unknown = values;
  for (const [depth, key] of path.entries()) {
    if (!isMap(node)) return path.slice(0, depth).join(".");
    if (!Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return path.join(".");
}

/** Names of the extension providers that a person's values define. The chart lays everything under `pilot` over the rest. */
export function extensionProviders(extra: HelmValues): string[] {
  const { meshConfig } = isMap(extra["pilot"]) ? mergeValues(extra, extra["pilot"]) : extra;
  const providers = isMap(meshConfig) ? meshConfig["extensionProviders"] : [];
  if (!Array.isArray(providers)) return [];
  return providers.map((provider) => (isMap(provider) ? provider["name"] : undefined)).filter(isText);
}

const isText = (value: unknown): value is string => typeof value === "string";

/** The second values over the first: maps are merged, everything else is replaced. */
export function mergeValues(ours: HelmValues, extra: HelmValues): HelmValues {
  const merged = { ...ours };
  for (const [key, value] of Object.entries(extra)) {
    const own = merged[key];
    merged[key] = isMap(own) && isMap(value) ? mergeValues(own, value) : value;
  }
  return merged;
}

function isMap(value: unknown): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
