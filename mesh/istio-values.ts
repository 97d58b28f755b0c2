/** Helm values of the charts that a person may add, and those that Weft derives from stack config. */

export type HelmValues = Record<string, unknown>;

/** A value that a person may not set, because Weft derives it from stack config. */
export interface ValueConflict {
  /** Path in the Helm values, such as `["global", "meshID"]`. */
  path: string[];
  /** What to do in its place, as a sentence. */
  instead: string;
}

const byRole = "It follows from `role` and `primary` of the members.";
const byGateway = "It follows from `eastWest` of the members.";
const always = "It is always on, so that roots can be added and dropped.";
const byTrust = "It follows from `weft:mesh.trust`.";

const notAMap = "Give it a map: Weft sets values in it.";

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
  "global.proxy.clusterDomain":
    "Leave it out: the gateways, their routes and the way to istiod name Services below `cluster.local`, the domain that every member has to have.",
  "env.EXTERNAL_CA": byTrust,
  "env.ISTIO_MULTIROOT_MESH": always,
  "meshConfig.defaultConfig.proxyMetadata.PROXY_CONFIG_XDS_AGENT": always,
};

const base: Record<string, string> = {
  profile: byRole,
  defaultRevision: "Set `weft:mesh.istio.revision`.",
  "global.istioNamespace": "Weft installs into istio-system.",
  "global.resourceScope": "Weft installs all of the chart.",
  "global.enableReaderRBAC": "The peers read the member by what it stands for.",
  "global.readerServiceAccount": "The peers read the member by the chart's own.",
  "base.validationFailurePolicy": "istiod sets it, once it answers.",
};

const cni: Record<string, string> = {
  revision: "A node has one plugin, which serves every revision.",
  "global.hub": "Set `weft:mesh.istio.hub`.",
  "global.tag": "Set `weft:mesh.istio.tag`.",
  "global.imagePullSecrets": "Set `weft:mesh.istio.imagePullSecrets`.",
  "global.resourceScope": "Weft installs all of the chart.",
};

/** What in a person's values for the base chart is not theirs to set. */
export function baseConflicts(extra: HelmValues): ValueConflict[] {
  return conflicts(extra, reservedIn(base));
}

/** What in a person's values for the cni chart is not theirs to set. */
export function cniConflicts(extra: HelmValues): ValueConflict[] {
  return conflicts(extra, reservedIn(cni, "cni"));
}

/** What in a person's values for istiod would redefine the mesh, each path once. */
export function valueConflicts(extra: HelmValues): ValueConflict[] {
  return conflicts(extra, reservedIn(defining, "pilot"));
}

/** @param overlay key of the map that the chart lays over the rest of its values */
function reservedIn(reasons: Record<string, string>, overlay?: string): Reserved[] {
  return Object.entries(reasons).flatMap(([path, instead]): Reserved[] =>
    [path, ...(overlay === undefined ? [] : [`${overlay}.${path}`])].map((written) => [
      written.split("."),
      instead,
    ]),
  );
}

/** A path in Helm values, and what to do in place of setting it. */
export type Reserved = [path: string[], instead: string];

/** What in a person's values takes the place of a reserved one, each path once. */
export function conflicts(extra: HelmValues, reserved: Reserved[]): ValueConflict[] {
  const found = new Map<string, ValueConflict>();
  for (const [path, instead] of reserved) {
    const at = overridden(extra, path);
    if (at === undefined || found.has(JSON.stringify(at))) continue;
    found.set(JSON.stringify(at), { path: at, instead: at.length === path.length ? instead : notAMap });
  }
  return [...found.values()];
}

/** The path at which the values replace the wanted one: it, or an ancestor that is no map and would wipe it out. */
function overridden(values: HelmValues, path: string[]): string[] | undefined {
  let node: unknown = values;
  for (const [depth, key] of path.entries()) {
    if (!isMap(node)) return path.slice(0, depth);
    if (!Object.hasOwn(node, key)) return undefined;
    node = node[key];
  }
  return path;
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

export function isMap(value: unknown): value is HelmValues {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
