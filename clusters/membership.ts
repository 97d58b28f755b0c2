/** Members by label: asks the management cluster which clusters belong to the mesh. */
import type { MeshSpec } from "../mesh/mesh-spec";
import { parseMesh } from "../mesh/parse";
import { ConfigError, type Problem } from "../mesh/problems";
import { meshSchema, type MeshConfig } from "../mesh/schema";
import { ApiClient, ApiServerError, defaultTimeoutMs, type List } from "./api-client";
import { explain } from "./explain";
import { resolveKubeconfig } from "./kubeconfig";
import { foreignReferences } from "./kubeconfig-source";
import { managementCluster } from "./management";
import {
  isReady,
  labels,
  mergeMembers,
  selectMembers,
  unknownGroups,
  withFound,
  type ClusterObject,
  type Found,
  type Reachable,
} from "./membership-selection";

export interface MembershipOptions {
  /** Members of the last `up`: none of them leaves because its kubeconfig went missing. */
  known: string[];
  /** Told of clusters that do not join, and why. */
  warn: (message: string) => void;
  /** Milliseconds for all requests to the management cluster. Default: 30 s. */
  timeoutMs?: number;
}

/** Parses the stack config as `parseMesh` does, with the members that the management cluster names, where one is asked. */
export async function parseMeshWithFound(
  input: { mesh?: unknown; clusters?: unknown },
  options: MembershipOptions,
): Promise<MeshSpec> {
  const config = meshSchema.safeParse(input.mesh ?? {}).data;
  const membership = config?.membership;
  const listed: unknown[] = Array.isArray(input.clusters) ? input.clusters : [];
  // A config that does not parse names no management cluster to ask: parseMesh says what is wrong with it.
  const management = membership && managementCluster(membership.management, listed);
  if (config === undefined || membership === undefined || management === undefined) return parseMesh(input);
  // parseMesh refuses to evict who is asked.
  if (config.evicting.some((name) => name === membership.management)) return parseMesh(input);

  const { timeoutMs = defaultTimeoutMs, known, warn } = options;
  const kubeconfig = await resolveKubeconfig(management);
  let found: Reachable[];
  try {
    const api = await ApiClient.of(kubeconfig, timeoutMs);
    try {
      found = await findMembers(api, config, membership, { known, warn });
    } finally {
      api.close();
    }
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([explain(error, management, kubeconfig, timeoutMs)]);
  }
  const { clusters, origins, warnings } = mergeMembers(listed, found);
  warnings.forEach(warn);
  const mesh = parseMesh({ ...input, mesh: withGroups(input.mesh, config, found), clusters });
  return {
    ...mesh,
    members: mesh.members.map((member) => ({ ...member, path: origins.get(member.name) ?? member.path })),
  };
}

function withGroups(written: unknown, { groups }: MeshConfig, found: Reachable[]): unknown {
  if (groups === undefined) return written;
  return { ...(written as object), groups: withFound(groups, found) };
}

type Membership = NonNullable<MeshConfig["membership"]>;

async function findMembers(
  api: ApiClient,
  { id: meshId, evicting, groups }: MeshConfig,
  membership: Membership,
  { known, warn }: Pick<MembershipOptions, "known" | "warn">,
): Promise<Reachable[]> {
  const [deployments, clusters] = await Promise.all([
    membership.clusterDeployments
      ? list(api, "ClusterDeployment", "k0rdent.mirantis.com/clusterdeployments", `${labels.role}=member`, {
          // Where Clusters are asked for as well, k0rdent need not be there.
          optional: membership.clusters !== undefined,
        })
      : [],
    membership.clusters === undefined
      ? []
      : list(api, "Cluster", "cluster.x-k8s.io/clusters", membership.clusters.selector, { optional: false }),
  ]);
  const selection = selectMembers([...deployments, ...clusters], meshId);
  const { problems, warnings } = selection;
  warnings.forEach(warn);
  // Their kubeconfigs may be gone with them.
  const found = selection.found.filter(({ name }) => !evicting.includes(name));
  problems.push(...unknownGroups(found, groups));

  const reachable = await Promise.all(
    found.map(async (member): Promise<Reachable | undefined> => {
      const secret = await kubeconfigOf(api, member);
      if (typeof secret === "string") return { ...member, kubeconfig: secret };
      if (secret.missing && !known.includes(member.name) && !isReady(member.object)) {
        warn(`${member.origin} joins once its cluster is up: it has no ${secret.where} yet.`);
      } else {
        problems.push(secret.problem);
      }
      return undefined;
    }),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return reachable.filter((member) => member !== undefined);
}

async function list(
  api: ApiClient,
  kind: ClusterObject["kind"],
  resource: `${string}/${string}`,
  selector: string,
  { optional }: { optional: boolean },
): Promise<ClusterObject[]> {
  const [group, plural] = resource.split("/") as [string, string];
  const refuse = (message: string, remedy: string) =>
    new ConfigError([
      {
        path:
          kind === "Cluster" ? "weft:mesh.membership.clusters" : "weft:mesh.membership.clusterDeployments",
        message,
        remedy,
      },
    ]);
  try {
    const served = await api.get<{ preferredVersion: { version: string } }>(`/apis/${group}`);
    const version = served?.preferredVersion.version;
    const query = `labelSelector=${encodeURIComponent(selector)}`;
    const found =
      version && (await api.get<List<ClusterObject>>(`/apis/${group}/${version}/${plural}?${query}`));
    if (found) return found.items.map((item) => ({ ...item, kind }));
  } catch (error) {
    if (!(error instanceof ApiServerError) || error.kind !== "status") throw error;
    if (error.code === "403") {
      throw refuse(
        `The user of the management cluster may not list ${plural}.${group}.`,
        `Give it a ClusterRole that lists ${plural}.${group} and gets Secrets.`,
      );
    }
    if (error.code === "400") {
      throw refuse(
        `The API server does not take the label selector ${selector}.`,
        "Write it as for `kubectl get -l`.",
      );
    }
    throw error;
  }
  if (optional) return [];
  throw refuse(
    `The management cluster has no ${plural}.${group}, so nothing says who is a member.`,
    "Check that `membership.management` is the management cluster.",
  );
}

interface Missing {
  /** The Secret, in words. */
  where: string;
  /** It is not there at all. */
  missing: boolean;
  problem: Problem;
}

/** https://cluster-api.sigs.k8s.io/developer/providers/contracts/control-plane (kubeconfig Secret) */
async function kubeconfigOf(api: ApiClient, { origin, object }: Found): Promise<string | Missing> {
  const { namespace, name } = object.metadata;
  if (object.status?.region) {
    return wrong(
      `its region ${object.status.region}`,
      `Its kubeconfig is in the region ${object.status.region}, not on the management cluster.`,
      "List it under `weft:clusters` with a kubeconfig of its own.",
    );
  }
  const secretName = isAdopted(object) ? await adoptedSecret(api, object) : `${name}-kubeconfig`;
  if (secretName === undefined) {
    return {
      ...wrong(
        `Credential ${object.spec?.credential}`,
        `Its Credential ${object.spec?.credential} names no Secret that is there.`,
        "Restore the Credential, or take the label off if it is to leave the mesh.",
      ),
      missing: true,
    };
  }
  const where = `Secret ${namespace}/${secretName}`;
  const secret = await api.get<{ data?: { value?: string } }>(
    `/api/v1/namespaces/${namespace}/secrets/${secretName}`,
  );
  if (secret === undefined) {
    return {
      ...wrong(
        where,
        `Its kubeconfig, ${where}, is not there: without it the member would leave the mesh.`,
        "Restore the Secret, or take the label off if the member is to leave.",
      ),
      missing: true,
    };
  }
  const kubeconfig = Buffer.from(secret.data?.value ?? "", "base64").toString("utf8");
  if (kubeconfig === "")
    return wrong(where, `${where} has no kubeconfig under the key \`value\`.`, "Restore it.");
  const foreign = foreignReferences(kubeconfig, { origin: where, path: origin });
  if (foreign.length === 0) return kubeconfig;
  return wrong(
    where,
    `The kubeconfig in ${where} makes this machine run a command or read a file of its own (\`${foreign.join("`, `")}\`).`,
    "Only certificates, keys and tokens that it holds itself are taken from the management cluster.",
  );

  function wrong(where: string, message: string, remedy: string): Missing {
    return { where, missing: false, problem: { path: origin, message, remedy } };
  }
}

/** k0rdent does not make an adopted cluster, so there is no CAPI Cluster and no kubeconfig Secret of its name. */
function isAdopted({ kind, spec }: ClusterObject): boolean {
  return kind === "ClusterDeployment" && (spec?.template?.startsWith("adopted-") ?? false);
}

async function adoptedSecret(api: ApiClient, { metadata, spec }: ClusterObject): Promise<string | undefined> {
  const group = await api.get<{ preferredVersion: { version: string } }>("/apis/k0rdent.mirantis.com");
  const credential = await api.get<{ spec?: { identityRef?: { kind?: string; name?: string } } }>(
    `/apis/k0rdent.mirantis.com/${group?.preferredVersion.version}/namespaces/${metadata.namespace}/credentials/${spec?.credential}`,
  );
  const identity = credential?.spec?.identityRef;
  return identity?.kind === "Secret" ? identity.name : undefined;
}
