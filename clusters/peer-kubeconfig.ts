/** The kubeconfig by which a primary's istiod reads a peer. */
import { stringify } from "yaml";
import type { Member } from "../mesh/mesh";
import type { ResolvedKubeconfig } from "./kubeconfig";

export type PeerAccess = {
  /** Name of the peer: the cluster ID under which istiod files what it reads. */
  cluster: string;
  /** URL at which istiod reaches the peer's API server. */
  server: string;
  /** Secret. Bearer token of the peer's `istio-reader-service-account`. */
  token: string;
  /** Name to expect in the server's certificate, where it is not the host of `server`. */
  tlsServerName?: string;
} & (
  | {
      /** The peer's cluster CA: `ca.crt` of the token's Secret, base64 as it stands in the Secret's `data`. */
      caData: string;
    }
  | {
      /** Whoever answers is trusted. Only right where the member's own kubeconfig says so. */
      insecure: true;
    }
);

/**
 * Where the peers reach a member's API server, and how they know it: `apiServer`, or the server in its kubeconfig.
 * A name that the kubeconfig expects in the certificate belongs to its own server: of another address the host counts.
 */
export function peerAddress(
  { apiServer }: Pick<Member, "apiServer">,
  kubeconfig: Pick<ResolvedKubeconfig, "server" | "insecureSkipTlsVerify" | "tlsServerName">,
): { server: string; insecureSkipTlsVerify: boolean; tlsServerName?: string } {
  const { server, insecureSkipTlsVerify, tlsServerName } = kubeconfig;
  return apiServer === undefined
    ? { server, insecureSkipTlsVerify, tlsServerName }
    : { server: apiServer, insecureSkipTlsVerify };
}

/**
 * The kubeconfig in the shape `istioctl create-remote-secret` gives it: cluster, context and user are named after the peer.
 * Neither a proxy nor a credential plugin of the member's own kubeconfig goes in: the one belongs to the network that
 * Pulumi runs in, and istiod refuses the other.
 */
export function peerKubeconfig(access: PeerAccess): string {
  const { cluster, server, token, tlsServerName } = access;
  return stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      "current-context": cluster,
      preferences: {},
      contexts: [{ name: cluster, context: { cluster, user: cluster } }],
      clusters: [
        {
          name: cluster,
          cluster: {
            server,
            ...(tlsServerName === undefined ? {} : { "tls-server-name": tlsServerName }),
            ...("insecure" in access
              ? { "insecure-skip-tls-verify": true }
              : { "certificate-authority-data": access.caData }),
          },
        },
      ],
      users: [{ name: cluster, user: { token } }],
    },
    // Go's parsers read YAML 1.1, to which `no` and `y` are booleans.
    { sortMapEntries: true, lineWidth: 0, compat: "yaml-1.1" },
  );
}
