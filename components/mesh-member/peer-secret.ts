import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { peerBuckets } from "../../mesh/buckets";
import { istioNamespace, managedByWeft, secretData, typeOfImported } from "../kubernetes";

export interface PeerSecretArgs {
  /** Names of the peers that this member reads. */
  peers: string[];
  /** Secret. Kubeconfigs by cluster name, of these peers at least. */
  kubeconfigs: Record<string, pulumi.Output<string>>;
  /** Whether others are not read: then the Secrets say so in annotation `weft.dev/reads`, as no preview shows their keys. @default false */
  isBounded?: boolean;
  /** What must be there before istiod may see a change. */
  after: pulumi.Resource[];
}

/**
 * The exchange, on the side of one reading primary: one Secret with one key per peer, and more of them where there are
 * too many peers for one. istiod takes every key for a cluster, and leaves alone the peers whose kubeconfig did not
 * change (pkg/kube/multicluster/secretcontroller.go).
 */
export class PeerSecret extends pulumi.ComponentResource {
  /** The Secrets, in the order in which they are written. */
  readonly secrets: kubernetes.core.v1.Secret[] = [];

  constructor(name: string, args: PeerSecretArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:mesh-member:PeerSecret", name, {}, opts);

    for (const [bucket, peers] of peerBuckets(args.peers)) {
      const secret = new kubernetes.core.v1.Secret(
        `${name}-${bucket}`,
        {
          metadata: {
            name: bucket === 0 ? "weft-peers" : `weft-peers-${bucket}`,
            namespace: istioNamespace,
            labels: { ...managedByWeft, "istio/multiCluster": "true" },
            ...(args.isBounded && { annotations: { "weft.dev/reads": peers.join(",") } }),
          },
        },
        // A key leaves the bucket that splits before it enters the new one: istiod ignores a cluster that it knows
        // from another Secret.
        {
          parent: this,
          dependsOn: [...args.after, ...this.secrets],
          ignoreChanges: typeOfImported,
          transformations: [
            secretData(Object.fromEntries(peers.map((peer) => [peer, args.kubeconfigs[peer]!]))),
          ],
        },
      );
      this.secrets.push(secret);
    }
    this.registerOutputs();
  }
}
