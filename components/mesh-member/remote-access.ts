import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { PeerAddress } from "../../mesh/peer-address";
import { peerKubeconfig } from "../../mesh/peer-kubeconfig";
import { istioNamespace, managedByWeft, typeOfImported } from "../kubernetes";

export interface RemoteAccessArgs {
  /** Name of the member that is read. */
  cluster: string;
  /** Where and how the peers reach its API server. */
  address: PeerAddress;
  /** Generation of the token. A higher one is a new Secret; the engine deletes the old one after all else. */
  generation: number;
  /** What must be there before the token is of use. */
  after: pulumi.Resource[];
}

/** How the peers read this member's API: a token of the service account that Istio's base chart creates for them. */
export class RemoteAccess extends pulumi.ComponentResource {
  /** Secret. The kubeconfig for the readers' PeerSecrets. */
  readonly kubeconfig: pulumi.Output<string>;

  constructor(name: string, args: RemoteAccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:mesh-member:RemoteAccess", name, {}, opts);
    const { cluster, address, generation, after } = args;

    const token = new kubernetes.core.v1.Secret(
      `${name}-token-${generation}`,
      {
        metadata: {
          name: `weft-reader-token-${generation}`,
          namespace: istioNamespace,
          labels: managedByWeft,
          annotations: {
            "kubernetes.io/service-account.name": "istio-reader-service-account",
            // By itself the provider waits 5 s for the token controller (`untilCoreV1SecretInitialized`), which may be busy for longer.
            "pulumi.com/waitFor": "jsonpath={.data.token}",
          },
        },
        type: "kubernetes.io/service-account-token",
      },
      { parent: this, dependsOn: after, ignoreChanges: typeOfImported },
    );

    this.kubeconfig = pulumi.secret(token.data).apply((data) =>
      peerKubeconfig({
        ...address,
        cluster,
        token: Buffer.from(data["token"]!, "base64").toString(),
        caData: address.caData ?? data["ca.crt"]!,
      }),
    );
    this.registerOutputs();
  }
}
