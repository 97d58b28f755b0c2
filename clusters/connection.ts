/** The way to an API server: credentials, TLS and proxy, as Go's clients take it. */
import https from "node:https";
import type { Agent, OutgoingHttpHeaders } from "node:http";
import tls from "node:tls";
import { ApiServerError } from "./api-server-error";
import { credentialsOf, type Credentials } from "./credentials";
import type { ResolvedKubeconfig } from "./kubeconfig";
import { proxyAgent, proxyFor } from "./proxy";

export interface Connection {
  tls: tls.ConnectionOptions;
  /** Keeps connections: who is done destroys it. */
  agent: Agent;
  /** Secret. */
  headers: OutgoingHttpHeaders;
}

/**
 * Nothing is sent; a credential plugin may be run.
 * @throws CredentialsError, ApiServerError
 */
export async function connectionTo(kubeconfig: ResolvedKubeconfig): Promise<Connection> {
  const { cert, key, headers } = await credentialsOf(kubeconfig);
  const { "certificate-authority-data": ca, "proxy-url": own } = kubeconfig.cluster;
  const proxy = proxyFor(new URL(kubeconfig.server), own);
  return {
    tls: {
      secureContext: secureContext(ca === undefined ? undefined : Buffer.from(ca, "base64"), cert, key),
      rejectUnauthorized: !kubeconfig.insecureSkipTlsVerify,
      servername: kubeconfig.tlsServerName,
    },
    // A handshake costs more than a request has to wait for a few others.
    agent:
      proxy === undefined ? new https.Agent({ keepAlive: true, maxSockets: 4 }) : await proxyAgent(proxy),
    headers,
  };
}

function secureContext(
  ca: Buffer | undefined,
  cert: Credentials["cert"],
  key: Credentials["key"],
): tls.SecureContext {
  const roots = ca ?? systemRoots();
  try {
    return tls.createSecureContext({
      ca: roots,
      cert,
      key,
      // Go takes an intermediate for an anchor, and some clusters have one for their CA. Only where anchors are named: of those that
      // Node would take by itself it forgets $NODE_EXTRA_CA_CERTS.
      allowPartialTrustChain: roots !== undefined,
    });
  } catch (error) {
    throw new ApiServerError("material", (error as NodeJS.ErrnoException).code ?? "ERR_UNKNOWN");
  }
}

/** Go's clients trust what the operating system trusts, Node only what it brought along; newer ones can be asked to do both. */
function systemRoots(): string[] | undefined {
  const { getCACertificates } = tls as { getCACertificates?: (type: "default" | "system") => string[] };
  return getCACertificates && [...getCACertificates("default"), ...getCACertificates("system")];
}
