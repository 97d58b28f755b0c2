/** The Services of a member, as an istiod that reads it should hold them. */
import { ApiClient, ApiServerError, type List, type ObjectMetadata } from "../../clusters/api-client";
import { CredentialsError } from "../../clusters/credentials";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { known, unknown, type Fact } from "./facts";
import { readyAddresses, type EndpointSlice } from "./objects";

export interface LiveService {
  /** `helloworld.sample` */
  name: string;
  /** Of its ready endpoints, each once: at least one. */
  addresses: string[];
  namespaceLabels: Record<string, string>;
}

/** https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/#LabelSelector */
export interface LabelSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

/** An istiod that lacks something is asked again, and its peers with it. */
export type Round = "first" | "second";

/** Every member's Services, listed once a round for all its readers. */
export class ServiceLists {
  private readonly lists = new Map<string, Promise<Fact<LiveService[]>>>();

  /** @param ways to the members whose API servers answer. */
  constructor(
    private readonly ways: ReadonlyMap<string, ResolvedKubeconfig>,
    private readonly timeoutMs: number,
  ) {}

  async of(members: string[], round: Round): Promise<ReadonlyMap<string, Fact<LiveService[]>>> {
    const found = members.map(async (name) => [name, await this.list(name, round)] as const);
    return new Map(await Promise.all(found));
  }

  private list(member: string, round: Round): Promise<Fact<LiveService[]>> {
    const key = `${round} ${member}`;
    const list = this.lists.get(key) ?? this.read(member);
    this.lists.set(key, list);
    return list;
  }

  private async read(member: string): Promise<Fact<LiveService[]>> {
    const kubeconfig = this.ways.get(member);
    if (kubeconfig === undefined) return unknown("its API server was not read");
    let api: ApiClient | undefined;
    try {
      api = await ApiClient.of(kubeconfig, this.timeoutMs);
      return known(await readServices(api));
    } catch (error) {
      if (!(error instanceof ApiServerError || error instanceof CredentialsError)) throw error;
      const forbidden = error instanceof ApiServerError && error.code === "403";
      const why = forbidden
        ? "this user may not list them, their EndpointSlices or namespaces"
        : error.message;
      return unknown(`its Services cannot be listed (${why})`);
    } finally {
      api?.close();
    }
  }
}

async function readServices(api: ApiClient): Promise<LiveService[]> {
  const [slices, services, namespaces] = await Promise.all([
    api.get<List<EndpointSlice>>("/apis/discovery.k8s.io/v1/endpointslices"),
    api.listMetadata("/api/v1/services"),
    api.listMetadata("/api/v1/namespaces"),
  ]);
  return liveServices(slices?.items ?? [], services, namespaces);
}

/**
 * Those with ready endpoints, without what istiod does not take up: a Service that is exported to nobody, slices without a Service
 * of this cluster, without ports, or of host names (pilot/pkg/serviceregistry/kube/controller/endpointslice.go).
 */
export function liveServices(
  slices: EndpointSlice[],
  services: ObjectMetadata[],
  namespaces: ObjectMetadata[],
): LiveService[] {
  const taken = slices.filter(
    ({ metadata, addressType, ports }) =>
      addressType !== "FQDN" &&
      (ports ?? []).length > 0 &&
      metadata.labels?.["multicluster.kubernetes.io/service-name"] === undefined,
  );
  const exported = services.filter(({ metadata }) => {
    const to = metadata.annotations?.["networking.istio.io/exportTo"] ?? "";
    return !to.split(",").some((namespace) => namespace.trim() === "~");
  });
  const slicesOf: Record<string, EndpointSlice[]> = {};
  for (const slice of taken) (slicesOf[slice.metadata.namespace ?? ""] ??= []).push(slice);
  const ready = new Map(Object.entries(slicesOf).map(([name, found]) => [name, readyAddresses(found)]));
  const labels = new Map(namespaces.map(({ metadata }) => [metadata.name, metadata.labels ?? {}]));
  return exported.flatMap(({ metadata: { name, namespace = "" } }) => {
    const addresses = [...new Set(ready.get(namespace)?.[name])];
    const namespaceLabels = labels.get(namespace);
    if (addresses.length === 0 || namespaceLabels === undefined) return [];
    return [{ name: `${name}.${namespace}`, addresses, namespaceLabels }];
  });
}

/**
 * Whether an istiod with these `discoverySelectors` reads a namespace: any of them, or none given.
 * (pkg/kube/namespace/filter.go, and Kubernetes' rules for label selectors)
 */
export function selects(selectors: LabelSelector[], labels: Record<string, string>): boolean {
  if (selectors.length === 0) return true;
  return selectors.some(
    ({ matchLabels = {}, matchExpressions = [] }) =>
      Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
      matchExpressions.every(({ key, operator, values = [] }) => {
        const value = labels[key];
        switch (operator) {
          case "In":
            return value !== undefined && values.includes(value);
          case "NotIn":
            return value === undefined || !values.includes(value);
          case "Exists":
            return value !== undefined;
          default:
            return value === undefined;
        }
      }),
  );
}
