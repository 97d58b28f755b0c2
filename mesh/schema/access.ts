/** The ways into a cluster: Weft's own, and that of the peers. */
import { z } from "zod";
import { secrets, text, url, written } from "./forms";

export const access = {
  context: text.optional().describe("Context in the kubeconfig; default: its current context."),
  kubeconfig: z
    .union(
      [
        written("the contents of a kubeconfig, as text or as a map"),
        z.record(z.string(), z.unknown(), { error: "the contents of a kubeconfig, as text or as a map" }),
      ],
      { error: "the contents of a kubeconfig, as text or as a map" },
    )
    .register(secrets, { secret: true })
    .optional()
    .describe("Secret. Contents of a kubeconfig."),
  kubeconfigPath: text
    .optional()
    .describe(
      "Path of a kubeconfig; default where only `context` is given: $KUBECONFIG, then ~/.kube/config.",
    ),
};

const serverUrl = url(/^https$/, "an https URL such as https://10.0.0.5:6443");

export const apiServer = z
  .union(
    [
      serverUrl,
      z.strictObject({
        url: serverUrl.describe("The URL."),
        caData: written("PEM of certificates, or that in base64")
          .optional()
          .describe(
            "PEM of the certificates by which the peers know who answers there, or that in base64, as a kubeconfig has it; default: the cluster's own CA.",
          ),
        tlsServerName: written("a DNS name", /^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$/)
          .optional()
          .describe("Name that the certificate there has, where it is not the host of `url`."),
        proxyUrl: url(/^(https?|socks5)$/, "the URL of a proxy: http, https or socks5")
          .register(secrets, { secret: true })
          .optional()
          .describe("Secret. Proxy through which the peers go; default: none."),
      }),
    ],
    { error: "an https URL such as https://10.0.0.5:6443, or a map" },
  )
  .describe(
    "How the peers' istiods reach this member's API server: a URL, or more; default: the kubeconfig's server.",
  );
