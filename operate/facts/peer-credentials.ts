/** What the kubeconfig in a key of a PeerSecret is worth: does it authenticate, and what may its user do? */
import { ApiClient, ApiServerError } from "../../clusters/api-client";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { foreignReferences } from "../../clusters/kubeconfig-source";
import { ConfigError } from "../../mesh/problems";
import { endOf } from "../../mesh/reader-token";
import { known, unknown, type CredentialFacts } from "./facts";
import { excessOf, type Rule } from "./rights";

interface Right {
  verb: string;
  group?: string;
  resource: string;
}

/** What istiod does not finish syncing a peer without. */
const needed: Right[] = [
  { verb: "list", resource: "secrets" },
  { verb: "list", resource: "configmaps" },
  { verb: "watch", resource: "services" },
  { verb: "watch", resource: "pods" },
  { verb: "list", resource: "nodes" },
  { verb: "list", resource: "namespaces" },
  { verb: "watch", group: "discovery.k8s.io", resource: "endpointslices" },
  { verb: "list", group: "networking.istio.io", resource: "workloadentries" },
];

/**
 * @param cluster name of the peer that the key is for.
 * @param text Secret. The kubeconfig.
 * @param timeoutMs milliseconds for all requests to a server.
 */
export async function probeCredentials(
  cluster: string,
  text: string,
  timeoutMs: (server: string) => number,
): Promise<CredentialFacts> {
  let kubeconfig: ResolvedKubeconfig;
  try {
    // It comes out of a cluster: it must not make this machine run a command or read a file.
    const foreign = foreignReferences(text, { origin: `the key ${cluster}`, path: cluster });
    if (foreign.length > 0) return { usable: false, reason: `it uses \`${foreign.join("`, `")}\`` };
    kubeconfig = await resolveKubeconfig({ path: cluster, kubeconfig: text });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { usable: false, reason: "it is not a kubeconfig with a context, a cluster and a user" };
  }
  const { token } = kubeconfig.user;
  return {
    usable: true,
    server: kubeconfig.server,
    tokenEnds: typeof token === "string" ? endOf(token) : undefined,
    rights: await rightsOf(kubeconfig, timeoutMs(kubeconfig.server)),
  };
}

async function rightsOf(kubeconfig: ResolvedKubeconfig, timeoutMs: number) {
  let api: ApiClient | undefined;
  try {
    const reached = (api = await ApiClient.of(kubeconfig, timeoutMs));
    const rules = rulesOf(reached);
    const allowed = needed.map((right) => may(reached, right));
    // One that fails must not leave others on their way when the connections are closed.
    await Promise.allSettled([rules, ...allowed]);
    const answers = await Promise.all(allowed);
    return known({
      authenticated: true,
      lacking: needed.filter((_, index) => !answers[index]).map(inWords),
      excess: excessOf(await rules),
    });
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    if (error.code === "401") return known({ authenticated: false, lacking: [], excess: [] });
    return unknown(`${kubeconfig.server} does not answer here (${error.code})`);
  } finally {
    api?.close();
  }
}

/** Over the whole cluster, and in istio-system. */
async function rulesOf(api: ApiClient): Promise<Rule[]> {
  const answer = await api.post<{ status?: { resourceRules?: Rule[] } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectRulesReview",
      spec: { namespace: "istio-system" },
    },
  );
  return answer.status?.resourceRules ?? [];
}

async function may(api: ApiClient, { verb, group = "", resource }: Right): Promise<boolean> {
  const answer = await api.post<{ status?: { allowed?: boolean } }>(
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { verb, group, resource } },
    },
  );
  return answer.status?.allowed === true;
}

function inWords({ verb, resource }: Right): string {
  return `${verb} ${resource}`;
}
