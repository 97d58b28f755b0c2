/** The kubeconfig by which a primary's istiod reads a peer. */
import { stringify } from "yaml";
import type { PeerAddress } from "./peer-address";

export interface PeerKubeconfigArgs extends PeerAddress {
  /** Name of the peer: the cluster ID under which istiod files what it reads. */
  cluster: string;
  /** Secret. Bearer token of the peer's `istio-reader-service-account`. */
  token: string;
  /** PEM of the CA by which the peer's API server is known, in base64. */
  caData: string;
}

/**
 * The kubeconfig in the shape `istioctl create-remote-secret` gives it: cluster, context and user are named after the peer.
 * Neither a proxy nor a credential plugin of the member's own kubeconfig goes in: the one belongs to the network that
 * Pulumi runs in, and istiod refuses the other.
 */
export function peerKubeconfig(access: PeerKubeconfigArgs): string {
  const { cluster, server, token, tlsServerName, proxyUrl, insecureSkipTlsVerify, caData } = access;
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
            ...(proxyUrl === undefined ? {} : { "proxy-url": proxyUrl }),
            ...(insecureSkipTlsVerify
              ? { "insecure-skip-tls-verify": true }
              : { "certificate-authority-data": caData }),
          },
        },
      ],
      users: [{ name: cluster, user: { token } }],
    },
    // Go's parsers read YAML 1.1, to which `no` and `y` are booleans.
    { sortMapEntries: true, lineWidth: 0, compat: "yaml-1.1" },
  );
}
