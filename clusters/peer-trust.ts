/** Will the peers trust this member's API server? */
import tls from "node:tls";
import type { Member, Mesh } from "../mesh/mesh";
import type { Problem } from "../mesh/problems";
import { readersOf } from "../mesh/topology";
import type { ResolvedKubeconfig } from "./kubeconfig";
import { peerAddress } from "./peer-kubeconfig";
import { proxyFor } from "./proxy";

/**
 * The peers know the cluster's own CA only, which comes with the token they use. Where something else ends TLS in front
 * of the API server (Rancher, Teleport, a load balancer with a public certificate), every reader's istiod would wait for
 * the member for ever, and only its log would say why.
 * @param clusterCa PEM: `ca.crt` of ConfigMap `kube-root-ca.crt`, which is what the token controller puts in every token Secret.
 * @returns undefined also where this machine does not reach the address, which says nothing of the peers.
 */
export async function peerTrustProblem(
  mesh: Mesh,
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  clusterCa: string | undefined,
  timeoutMs: number,
): Promise<Problem | undefined> {
  const { server, tlsServerName, insecureSkipTlsVerify } = peerAddress(member, kubeconfig);
  const readers = readersOf(mesh, member.name).map(({ name }) => name);
  const url = new URL(server);
  if (readers.length === 0 || insecureSkipTlsVerify || clusterCa === undefined || proxyFor(url))
    return undefined;
  const code = await verificationError(url, clusterCa, tlsServerName, timeoutMs);
  if (code === undefined) return undefined;
  return {
    path: `${member.path}.apiServer`,
    value: server,
    message: `${readers.join(", ")} will know ${member.name} by its cluster's CA (ConfigMap kube-root-ca.crt), and what answers there has no certificate by it for this address (${code}).`,
    remedy: "Set it to an address of the API server itself, past whatever ends TLS in front of it.",
  };
}

function verificationError(
  url: URL,
  ca: string,
  tlsServerName: string | undefined,
  timeoutMs: number,
): Promise<string | undefined> {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = tls.connect({
      host,
      port: Number(url.port || 443),
      servername: tlsServerName ?? (/[a-z]/i.test(host) && !host.includes(":") ? host : undefined),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(tlsServerName ?? host, certificate),
      secureContext: tls.createSecureContext({ ca, allowPartialTrustChain: true }),
      // The verdict is wanted, not the connection.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const finish = (code?: string) => {
      resolve(code);
      socket.destroy();
    };
    socket.on("secureConnect", () => {
      const error = socket.authorizationError as unknown as (Error & { code?: string }) | string | null;
      finish(
        socket.authorized ? undefined : typeof error === "string" ? error : (error?.code ?? "ERR_UNKNOWN"),
      );
    });
    socket.on("timeout", () => finish());
    socket.on("error", () => finish());
  });
}
