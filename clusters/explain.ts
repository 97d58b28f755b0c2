/** Why a cluster could not be read, in words for the person who can mend it. */
import type { Member } from "../mesh/mesh-spec";
import type { Problem } from "../mesh/problems";
import { ApiServerError } from "./api-client";
import { CredentialsError } from "./credentials";
import type { ResolvedKubeconfig } from "./kubeconfig";

/**
 * The problem behind a failure to read a member.
 * @throws the error itself, when it is none of ours.
 */
export function explain(
  error: unknown,
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  timeoutMs: number,
): Problem {
  const problem = { path: member.path, value: kubeconfig.server };
  const look = `See what \`${kubectl(member, kubeconfig)} get --raw /readyz\` says`;
  if (error instanceof CredentialsError) {
    return {
      ...problem,
      message: `No credentials for context ${kubeconfig.context}: ${error.message}`,
      remedy: `${look}.`,
    };
  }
  if (!(error instanceof ApiServerError)) throw error;
  const { kind, code } = error;
  switch (kind) {
    case "unreachable":
      return {
        ...problem,
        message: `The API server cannot be reached (${code}).`,
        remedy:
          code === "ETIMEDOUT"
            ? `${look}: ${inTheWay}.`
            : `${look}, and check that the cluster is up and that \`server\` in ${kubeconfig.origin} is its address.`,
      };
    case "timeout":
      return {
        ...problem,
        message: `The API server did not answer within ${timeoutMs / 1000} s.`,
        remedy: `${look}: ${inTheWay}.`,
      };
    case "proxy":
      return {
        ...problem,
        message: `$${code} is not the URL of a proxy.`,
        remedy: "Write it as http://host:port, or keep the API server out of it by $NO_PROXY.",
      };
    case "tls":
      return { ...problem, ...tlsProblem(code, kubeconfig) };
    case "material":
      return {
        ...problem,
        message: `The certificates or the key of context ${kubeconfig.context} are damaged or do not belong together (${code}).`,
        remedy: `Get a new kubeconfig in place of ${kubeconfig.origin}.`,
      };
    case "status":
      return code === "401"
        ? {
            ...problem,
            message: `The API server does not accept the credentials of context ${kubeconfig.context} (401 Unauthorized).`,
            remedy: `Log in again or get a new kubeconfig: \`${kubectl(member, kubeconfig)} get --raw /readyz\` shows whether it is good.`,
          }
        : { ...problem, message: `The API server answers with HTTP status ${code}.`, remedy: `${look}.` };
    case "answer":
      return {
        ...problem,
        message: "Something answers there, but not as a Kubernetes API server does.",
        remedy: `Check \`server\` in ${kubeconfig.origin}.`,
      };
  }
}

const inTheWay = "often a VPN, a firewall or an address of another network is in the way";

/** The command that reaches the same cluster the same way. */
export function kubectl(member: Member, { context }: ResolvedKubeconfig): string {
  const found = /^(?:ClusterDeployment|Cluster) (.+)\/(.+)$/.exec(member.path);
  if (found !== null) {
    return `kubectl --kubeconfig <(clusterctl get kubeconfig -n ${found[1]} ${found[2]}) --context ${context}`;
  }
  if (member.kubeconfig !== undefined) {
    return `kubectl --kubeconfig <(pulumi config get --path '${member.path}.kubeconfig') --context ${context}`;
  }
  const file = member.kubeconfigPath === undefined ? "" : ` --kubeconfig ${member.kubeconfigPath}`;
  return `kubectl${file} --context ${context}`;
}

function tlsProblem(code: string, { cluster, origin }: ResolvedKubeconfig): Omit<Problem, "path"> {
  switch (code) {
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return {
        message: `The API server's certificate is not for this host (${code}).`,
        remedy: `In ${origin}, use an address that is in the certificate, or set \`tls-server-name\` to a name that is.`,
      };
    case "CERT_HAS_EXPIRED":
    case "CERT_NOT_YET_VALID":
      return {
        message: `The API server's certificate is not valid now (${code}).`,
        remedy: "Renew it, or set the clock of this machine right.",
      };
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "EPROTO":
      return {
        message: `What answers there does not speak TLS as it should (${code}).`,
        remedy: `Check host and port of \`server\` in ${origin}.`,
      };
    default:
      return cluster["certificate-authority-data"] === undefined
        ? {
            message: `The API server's certificate is signed by nobody that this machine trusts (${code}).`,
            remedy: `Give its \`certificate-authority-data\` in ${origin}, or name a file of trusted certificates in $NODE_EXTRA_CA_CERTS.`,
          }
        : {
            message: `The API server's certificate is not signed by the certificate authority in ${origin} (${code}).`,
            remedy:
              "Get a new kubeconfig: the cluster was made anew, or another one answers at this address.",
          };
  }
}
