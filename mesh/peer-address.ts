/** Where the peers of a member reach its API server, and whether they can at all. */
import ipaddr from "ipaddr.js";
import { fingerprints } from "./certificates";
import type { Member, MeshSpec } from "./mesh-spec";
import type { Problem } from "./problems";
import { readersOf } from "./topology";

/** Where the peers reach an API server, and how they know it. */
export interface PeerAddress {
  /** URL. */
  server: string;
  /** Take any certificate: only where the member's own kubeconfig does. */
  insecureSkipTlsVerify: boolean;
  /** Name to expect in the certificate, where it is not the host of `server`. */
  tlsServerName?: string;
  /** PEM of the CA, in base64; undefined: the cluster's own. */
  caData?: string;
  /** Secret. Proxy to go through. */
  proxyUrl?: string;
}

/**
 * `apiServer`, or the server in the member's kubeconfig. A name that the kubeconfig expects in the certificate belongs to its own
 * server; and its proxy to the network that Pulumi runs in.
 */
export function peerAddress(
  { apiServer }: Pick<Member, "apiServer">,
  own: { server: string; insecureSkipTlsVerify: boolean; tlsServerName?: string },
): PeerAddress {
  const { server, insecureSkipTlsVerify, tlsServerName } = own;
  if (apiServer === undefined) return { server, insecureSkipTlsVerify, tlsServerName };
  const { url, caData, proxyUrl } = apiServer;
  return {
    server: url,
    insecureSkipTlsVerify: insecureSkipTlsVerify && caData === undefined,
    tlsServerName: apiServer.tlsServerName,
    caData: caData && Buffer.from(pemOf(caData)).toString("base64"),
    proxyUrl,
  };
}

/** PEM as it is, or that in base64, decoded. */
export function pemOf(data: string): string {
  return data.includes("-----BEGIN") ? data : Buffer.from(data, "base64").toString("utf8");
}

/**
 * Whether a URL leads back to the machine that uses it: 127.0.0.0/8, ::1, localhost and its subdomains (RFC 6761), and
 * the unspecified addresses, which kubeconfigs of local clusters hold.
 */
export function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "");
  if (host === "localhost" || host.endsWith(".localhost")) return true;
  return ipaddr.isValid(host) && ["loopback", "unspecified"].includes(ipaddr.process(host).range());
}

/** Whether a URL carries a user name or a password. */
export function hasCredentials(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { username, password } = new URL(url);
  return username !== "" || password !== "";
}

/**
 * The most frequent mistake of all (istio#31081, istio#58047): a member's API server on a loopback address, where the
 * istiods of its peers find themselves instead.
 * @param server the URL at which the peers would reach it: `apiServer`, or the server in the member's kubeconfig.
 */
export function loopbackProblem(mesh: MeshSpec, member: Member, server: string): Problem | undefined {
  const readers = readersOf(mesh, member.name).map(({ name }) => name);
  if (readers.length === 0 || mesh.config.remoteAccess.allowLoopback || !isLoopback(server)) return undefined;
  return {
    path: `${member.path}.apiServer`,
    value: server,
    message: `A loopback address: from ${readers.join(", ")} it does not lead to the API server of ${member.name}.`,
    remedy: "Set it to the URL at which the API server is reached from the other clusters.",
  };
}

/** What is wrong with the `apiServer` of a member, by itself and to its peers. */
export function apiServerProblems(mesh: MeshSpec, member: Member): Problem[] {
  if (member.apiServer === undefined) return [];
  const { url, caData, proxyUrl } = member.apiServer;
  const path = `${member.path}.apiServer`;
  if (hasCredentials(url)) {
    return [
      {
        path,
        message: "The URL carries a user name or a password.",
        remedy: "Leave them out: the peers show a token that Weft gives them.",
      },
    ];
  }
  const problems = [loopbackProblem(mesh, member, url)];
  if (caData !== undefined) problems.push(caProblem(`${path}.caData`, pemOf(caData)));
  const reading = readersOf(mesh, member.name).map(({ name }) => name);
  if (
    proxyUrl !== undefined &&
    isLoopback(proxyUrl) &&
    reading.length > 0 &&
    !mesh.config.remoteAccess.allowLoopback
  ) {
    problems.push({
      path: `${path}.proxyUrl`,
      message: `A loopback address: from ${reading.join(", ")} it does not lead to a proxy.`,
      remedy: "Set it to the URL at which the proxy is reached from the other clusters.",
    });
  }
  return problems.filter((problem) => problem !== undefined);
}

function caProblem(path: string, pem: string): Problem | undefined {
  if (/PRIVATE KEY-----/.test(pem)) {
    return {
      path,
      message: "Holds a private key as well, and what stands here is given to the peers.",
      remedy: "Keep the CERTIFICATE blocks alone.",
    };
  }
  if (fingerprints(pem).length > 0) return undefined;
  return {
    path,
    message: "Not a certificate: the PEM cannot be read.",
    remedy: "`kubectl config view --raw` shows one in base64, as `certificate-authority-data`.",
  };
}
