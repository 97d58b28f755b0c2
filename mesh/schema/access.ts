/** The way into a cluster. */
import { secrets, text, written } from "./forms";

export const access = {
  context: text.optional().describe("Context in the kubeconfig; default: its current context."),
  kubeconfig: written("the contents of a kubeconfig, as text")
    .register(secrets, { secret: true })
    .optional()
    .describe("Secret. Contents of a kubeconfig."),
  kubeconfigPath: text
    .optional()
    .describe(
      "Path of a kubeconfig; default where only `context` is given: $KUBECONFIG, then ~/.kube/config.",
    ),
};
