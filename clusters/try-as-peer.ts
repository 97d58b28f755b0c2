/** Will the peers get through to this member's API server? */
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { peerAddress, type PeerAddress } from "../mesh/peer-address";
import { peerKubeconfig } from "../mesh/peer-kubeconfig";
import type { Problem } from "../mesh/problems";
import { readersOf } from "../mesh/topology";
import { ApiClient, ApiServerError } from "./api-client";
import type { Inspection } from "./inspect";
import { resolveKubeconfig, type ResolvedKubeconfig } from "./kubeconfig";
import { proxyFor } from "./proxy";
import { accepts } from "./reader-tokens";

/** For an address that is only for peers, in milliseconds: where it is a private one, nobody answers here, and that is right. */
const peersOnlyMs = 5_000;

export interface Finding {
  problem?: Problem;
  warning?: string;
}

/**
 * Goes to the member's API server as its peers do: by their address, the CA that comes with the token they use, and that token, where
 * it is there already. Where something else ends TLS in front of the API server (Rancher, Teleport, a load balancer with a public
 * certificate), or knows tokens of its own only, every reader's istiod would wait for the member for ever, and only its log would say
 * why.
 * @param timeoutMs for all requests, where the address is Weft's own way as well.
 */
export async function tryAsPeer(
  mesh: MeshSpec,
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  { clusterCa, readerToken }: Pick<Inspection, "clusterCa" | "readerToken">,
  timeoutMs: number,
): Promise<Finding> {
  const readers = readersOf(mesh, member.name).map(({ name }) => name);
  const address = peerAddress(member, kubeconfig);
  const caData = address.caData ?? (clusterCa && Buffer.from(clusterCa).toString("base64"));
  if (readers.length === 0 || (caData === undefined && !address.insecureSkipTlsVerify)) return {};
  const path = `${member.path}.apiServer`;
  const way = { ...address, cluster: member.name, token: readerToken ?? "", caData: caData ?? "" };
  try {
    // The proxy of this machine's environment is not the peers', and may have a certificate of its own.
    if (address.proxyUrl === undefined && proxyFor(new URL(address.server)) !== undefined) return {};
    const asPeer = await resolveKubeconfig({ path, kubeconfig: peerKubeconfig(way) });
    const isOwnWay = member.apiServer === undefined;
    await ask(asPeer, readerToken !== undefined, isOwnWay ? timeoutMs : Math.min(timeoutMs, peersOnlyMs));
    return {};
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    if (error.kind === "tls") {
      return { problem: { path, value: address.server, ...distrust(readers, member, address, error.code) } };
    }
    if (error.code === "401" && readerToken !== undefined) {
      return refusal(readers, member, address, await accepts(kubeconfig, readerToken, timeoutMs));
    }
    const isSilent = error.kind === "unreachable" || error.kind === "timeout";
    if (!isSilent || member.apiServer === undefined) return {};
    return {
      warning: `${path}: ${address.server} does not answer here (${error.code}), so it was not tried whether ${readers.join(", ")} can read ${member.name} there.`,
    };
  }
}

/** Anybody who is known may ask what he may do; to nobody the API server tells its version at most. */
async function ask(kubeconfig: ResolvedKubeconfig, hasToken: boolean, timeoutMs: number): Promise<void> {
  const api = await ApiClient.of(kubeconfig, timeoutMs);
  try {
    if (!hasToken) await api.get("/version");
    else {
      await api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb: "list", resource: "secrets" } },
      });
    }
  } finally {
    api.close();
  }
}

function distrust(
  readers: string[],
  { name }: Member,
  { caData }: PeerAddress,
  code: string,
): Omit<Problem, "path"> {
  const who = readers.join(", ");
  return caData === undefined
    ? {
        message: `${who} will know ${name} by its cluster's CA (ConfigMap kube-root-ca.crt), and what answers there has no certificate by it for this address (${code}).`,
        remedy:
          "Set it to an address of the API server itself, past whatever ends TLS in front of it; or as a map, with `caData` and `tlsServerName` as they are there.",
      }
    : {
        message: `${who} will know ${name} by \`caData\`, and what answers there has no certificate by it for this address (${code}).`,
        remedy: "Correct `caData`, or set `tlsServerName` to the name in the certificate.",
      };
}

function refusal(
  readers: string[],
  { name, path }: Member,
  { server }: PeerAddress,
  isGood: boolean | undefined,
): Finding {
  const what = `What answers there does not accept the token by which ${readers.join(", ")} read ${name} (401 Unauthorized)`;
  // Then no address helps, and `npm run status` tells what does.
  if (isGood === false) return {};
  if (isGood === undefined) return { warning: `${path}.apiServer: ${server}: ${what}.` };
  return {
    problem: {
      path: `${path}.apiServer`,
      value: server,
      message: `${what}, though the cluster does: it may know tokens of its own only.`,
      remedy: "Set it to an address of the API server itself, past whatever stands in front of it.",
    },
  };
}
