import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { istioNamespace, managedByWeft } from "../kubernetes";

export interface PeerSecretArgs {
  /** Kubeconfigs of the peers that this member reads, by cluster name. */
  kubeconfigs: Record<string, pulumi.Input<string>>;
  /** What must be there before istiod may see a change. */
  after: pulumi.Resource[];
}

/**
 * The exchange, on the side of one reading primary: one Secret with one key per peer. istiod takes every key for a
 * cluster, and leaves alone the peers whose kubeconfig did not change.
 */
export class PeerSecret extends pulumi.ComponentResource {
  readonly secrets: kubernetes.core.v1.Secret[];

  constructor(name: string, args: PeerSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:mesh-member:PeerSecret", name, {}, opts);

    this.secrets = [
      new kubernetes.core.v1.Secret(
        `${name}-secret`,
        {
          metadata: {
            name: "weft-peers",
            namespace: istioNamespace,
            labels: { ...managedByWeft, "istio/multiCluster": "true" },
          },
          stringData: args.kubeconfigs,
        },
        { parent: this, dependsOn: args.after },
      ),
    ];
    this.registerOutputs();
  }
}
