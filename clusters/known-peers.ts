/** By which addresses and tokens a primary reads its peers now. */
import { parseDocument } from "yaml";
import { z } from "zod";
import { fingerprints } from "../mesh/certificates";
import type { KnownAddress } from "../mesh/live-member";
import type { ApiClient, List } from "./api-client";

const path =
  "/api/v1/namespaces/istio-system/secrets?labelSelector=" +
  encodeURIComponent("istio/multiCluster=true,app.kubernetes.io/managed-by=weft");

const kubeconfigSchema = z.object({
  clusters: z.tuple([
    z.object({
      cluster: z.object({
        server: z.string(),
        "tls-server-name": z.string().optional(),
        "proxy-url": z.string().optional(),
        "insecure-skip-tls-verify": z.boolean().default(false),
        "certificate-authority-data": z.string().optional(),
      }),
    }),
  ]),
  users: z
    .tuple([z.object({ user: z.object({ token: z.string() }) })])
    .optional()
    .catch(undefined),
});

/** What the PeerSecrets in a cluster say of each peer's API server, by the peer's name. The tokens beside it stay behind. */
export async function knownPeersIn(api: ApiClient): Promise<Record<string, KnownAddress>> {
  return mapped(await kubeconfigsIn(api), addressOf);
}

/** What a reader has of a peer. */
export interface PeerKey {
  /** Secret. */
  token: string;
  /** PEM of the CA, in base64. */
  caData?: string;
}

/** What the PeerSecrets in a cluster hold, by the peer's name. */
export async function peerKeysIn(api: ApiClient): Promise<Record<string, PeerKey>> {
  return mapped(await kubeconfigsIn(api), ({ clusters: [{ cluster }], users }) => ({
    token: users?.[0].user.token ?? "",
    caData: cluster["certificate-authority-data"],
  }));
}

/** What a remote secret says of the API server that it leads to; undefined where it holds something else than one kubeconfig. */
export function addressIn(kubeconfig: string): KnownAddress | undefined {
  const parsed = parsedAs(kubeconfig);
  return parsed && addressOf(parsed);
}

type Kubeconfig = z.output<typeof kubeconfigSchema>;

function parsedAs(kubeconfig: string): Kubeconfig | undefined {
  return kubeconfigSchema.safeParse(parseDocument(kubeconfig).toJS()).data;
}

async function kubeconfigsIn(api: ApiClient): Promise<[peer: string, kubeconfig: Kubeconfig][]> {
  const secrets = await api.get<List<{ data?: Record<string, string> }>>(path);
  const entries = (secrets?.items ?? []).flatMap(({ data = {} }) => Object.entries(data));
  return entries.flatMap(([peer, value]) => {
    // Not what Weft wrote: what was put there by hand is nothing that it would change.
    const kubeconfig = parsedAs(Buffer.from(value, "base64").toString("utf8"));
    return kubeconfig === undefined ? [] : [[peer, kubeconfig]];
  });
}

function mapped<T>(entries: [string, Kubeconfig][], of: (kubeconfig: Kubeconfig) => T): Record<string, T> {
  return Object.fromEntries(entries.map(([peer, kubeconfig]) => [peer, of(kubeconfig)]));
}

function addressOf({ clusters: [{ cluster }] }: Kubeconfig): KnownAddress {
  const ca = cluster["certificate-authority-data"];
  return {
    server: cluster.server,
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
    tlsServerName: cluster["tls-server-name"],
    proxyUrl: cluster["proxy-url"],
    ca: ca === undefined ? undefined : fingerprints(Buffer.from(ca, "base64").toString("utf8")),
  };
}
