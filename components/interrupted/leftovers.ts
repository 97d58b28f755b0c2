/** What is in a cluster that an update whose engine was killed may have left there. */
import { ApiClient, ApiServerError, defaultTimeoutMs, type ObjectMetadata } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { managedByWeft } from "../kubernetes";
import type { Revision } from "./releases";

/** The objects that Weft creates itself, and where the API server lists them. */
export const lists: Record<string, string> = {
  "v1/Namespace": "/api/v1/namespaces",
  "v1/Secret": "/api/v1/secrets",
  "v1/Service": "/api/v1/services",
  "apps/v1/Deployment": "/apis/apps/v1/deployments",
  "security.istio.io/v1/PeerAuthentication": "/apis/security.istio.io/v1/peerauthentications",
  "telemetry.istio.io/v1/Telemetry": "/apis/telemetry.istio.io/v1/telemetries",
  "networking.istio.io/v1/Gateway": "/apis/networking.istio.io/v1/gateways",
  "networking.istio.io/v1/VirtualService": "/apis/networking.istio.io/v1/virtualservices",
  "cert-manager.io/v1/Issuer": "/apis/cert-manager.io/v1/issuers",
  "cert-manager.io/v1/Certificate": "/apis/cert-manager.io/v1/certificates",
  "metallb.io/v1beta1/IPAddressPool": "/apis/metallb.io/v1beta1/ipaddresspools",
  "metallb.io/v1beta1/L2Advertisement": "/apis/metallb.io/v1beta1/l2advertisements",
};

/** An object as it is given to Pulumi, as far as it says which one it is. */
export interface ObjectInputs {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; annotations?: Record<string, string> };
}

export interface Leftovers {
  /**
   * The live object of this identity, where it has Weft's label and, in a namespace that stacks share, this stack's annotation.
   * @throws Error where the user may not look
   */
  find(inputs: ObjectInputs): ObjectMetadata["metadata"] | undefined;
  /**
   * All revisions of a release.
   * @throws Error where the user may not look
   */
  history(release: { name: string; namespace: string }): Revision[];
}

/** @throws CredentialsError; Error when the API server gives no answer */
export function readLeftovers(kubeconfig: ResolvedKubeconfig): Promise<Leftovers> {
  return asking(kubeconfig, async (api) => {
    const [objects, revisions] = await Promise.all([ownObjects(api), revisionsIn(api)]);
    return {
      find: (inputs) => {
        const found = objects[`${inputs.apiVersion}/${inputs.kind}`];
        if (found === forbidden) throw blind(kubeconfig, namesOf(inputs));
        return found?.find(
          (live) =>
            live.name === inputs.metadata.name &&
            live.namespace === inputs.metadata.namespace &&
            isOfStack(live, inputs),
        );
      },
      history: ({ name, namespace }) => {
        if (revisions === forbidden) throw blind(kubeconfig, "secrets");
        return revisions.filter((revision) => revision.release === name && revision.namespace === namespace);
      },
    };
  });
}

/** Where the API server lists the objects of this kind, in this namespace. */
export function listOf({ apiVersion, kind, metadata: { namespace } }: ObjectInputs): string {
  const path = lists[`${apiVersion}/${kind}`]!;
  return namespace === undefined ? path : path.replace(/[^/]+$/, `namespaces/${namespace}/$&`);
}

/**
 * Whether an object of this identity is there that lacks Weft's label or, in a namespace that stacks share, is another stack's.
 * @throws CredentialsError; Error when the API server gives no answer, or the user may not look
 */
export function isForeign(inputs: ObjectInputs, kubeconfig: ResolvedKubeconfig): Promise<boolean> {
  const { name } = inputs.metadata;
  return asking(kubeconfig, async (api) => {
    const byName = `${listOf(inputs)}?fieldSelector=${encodeURIComponent(`metadata.name=${name}`)}`;
    const found = await unlessForbidden(api.listMetadata(byName));
    if (found === forbidden) throw blind(kubeconfig, namesOf(inputs));
    const [live] = found;
    if (live === undefined) return false;
    const isWefts = Object.entries(managedByWeft).every(
      ([key, value]) => live.metadata.labels?.[key] === value,
    );
    return !isWefts || !isOfStack(live.metadata, inputs);
  });
}

/**
 * @param what the API server is asked to do, for the error.
 * @param timeoutMs milliseconds for all requests.
 */
export async function asking<T>(
  kubeconfig: ResolvedKubeconfig,
  ask: (api: ApiClient) => Promise<T>,
  { what = "say what is there already", timeoutMs = defaultTimeoutMs } = {},
): Promise<T> {
  const api = await ApiClient.of(kubeconfig, timeoutMs);
  try {
    return await ask(api);
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    throw new Error(
      `The API server of context ${kubeconfig.context} does not ${what} (${error.message}). ` +
        "Once it answers, `pulumi up` again.",
    );
  } finally {
    api.close();
  }
}

function isOfStack(live: ObjectMetadata["metadata"], { metadata }: ObjectInputs): boolean {
  return live.annotations?.["weft.dev/stack"] === metadata.annotations?.["weft.dev/stack"];
}

const forbidden = "forbidden";

/** A kind that nothing is created of need not be seen, so it is told only where one is asked for. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | typeof forbidden> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiServerError && error.code === "403") return forbidden;
    throw error;
  }
}

/** As Kubernetes' authorization calls the objects of a kind: `secrets`. */
function namesOf({ apiVersion, kind }: ObjectInputs): string {
  return lists[`${apiVersion}/${kind}`]!.split("/").at(-1)!;
}

/** Not to see is not to know that nothing is there. */
function blind({ context }: ResolvedKubeconfig, names: string): Error {
  return new Error(
    `The user of context ${context} may not list ${names}, so Weft does not see what is in the way there. ` +
      "Grant it (docs/rights.yaml), then `pulumi up` again.",
  );
}

async function ownObjects(
  api: ApiClient,
): Promise<Record<string, ObjectMetadata["metadata"][] | typeof forbidden>> {
  const ours = Object.entries(managedByWeft)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
  const found = await Promise.all(
    Object.entries(lists).map(async ([kind, path]) => {
      const objects = api.listMetadata(`${path}?labelSelector=${encodeURIComponent(ours)}`);
      return [
        kind,
        await unlessForbidden(objects.then((items) => items.map(({ metadata }) => metadata))),
      ] as const;
    }),
  );
  return Object.fromEntries(found);
}

async function revisionsIn(api: ApiClient): Promise<Revision[] | typeof forbidden> {
  const secrets = await unlessForbidden(api.listMetadata("/api/v1/secrets?labelSelector=owner%3Dhelm"));
  if (secrets === forbidden) return forbidden;
  return secrets.map(({ metadata: { name, namespace, labels = {} } }) => ({
    secret: name,
    namespace: namespace!,
    release: labels["name"] ?? "",
    status: labels["status"] ?? "",
  }));
}

/** What Kubernetes and Istio put into every namespace. */
const everywhere = ["kube-root-ca.crt", "istio-ca-root-cert", "istio-ca-crl"];

/**
 * What a namespace is used for, as words for a person; empty where the update was cut off before anything else was
 * created in it.
 */
export async function contentsOf(namespace: string, kubeconfig: ResolvedKubeconfig): Promise<string[]> {
  const core = `/api/v1/namespaces/${namespace}`;
  const kinds = {
    pods: core,
    services: core,
    secrets: core,
    configmaps: core,
    persistentvolumeclaims: core,
    deployments: `/apis/apps/v1/namespaces/${namespace}`,
    statefulsets: `/apis/apps/v1/namespaces/${namespace}`,
    daemonsets: `/apis/apps/v1/namespaces/${namespace}`,
  };
  const found = await asking(kubeconfig, (api) =>
    Promise.all(
      Object.entries(kinds).map(async ([kind, path]) => {
        const objects = await api.listMetadata(`${path}/${kind}`);
        return objects.some(({ metadata }) => !everywhere.includes(metadata.name)) ? [kind] : [];
      }),
    ),
  );
  return found.flat();
}
