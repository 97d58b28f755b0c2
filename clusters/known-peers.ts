/** By which addresses a primary reads its peers now. */
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
});

/** What the PeerSecrets in a cluster say of each peer's API server, by the peer's name. The tokens beside it stay behind. */
export async function knownPeersIn(api: ApiClient): Promise<Record<string, KnownAddress>> {
  const secrets = await api.get<List<{ data?: Record<string, string> }>>(path);
  const entries = (secrets?.items ?? []).flatMap(({ data = {} }) => Object.entries(data));
  return Object.fromEntries(
    entries.flatMap(([peer, value]) => {
      // Not what Weft wrote: what was put there by hand is no address that it would change.
      const address = addressIn(Buffer.from(value, "base64").toString("utf8"));
      return address === undefined ? [] : [[peer, address]];
    }),
  );
}

/** What a remote secret says of the API server that it leads to; undefined where it holds something else than one kubeconfig. */
export function addressIn(kubeconfig: string): KnownAddress | undefined {
  const parsed = kubeconfigSchema.safeParse(parseDocument(kubeconfig).toJS()).data;
  return parsed && addressOf(parsed.clusters[0].cluster);
}

type Cluster = z.output<typeof kubeconfigSchema>["clusters"][0]["cluster"];

function addressOf(cluster: Cluster): KnownAddress {
  const ca = cluster["certificate-authority-data"];
  return {
    server: cluster.server,
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"],
    tlsServerName: cluster["tls-server-name"],
    proxyUrl: cluster["proxy-url"],
    ca: ca === undefined ? undefined : fingerprints(Buffer.from(ca, "base64").toString("utf8")),
  };
}
