import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { HeldAccess } from "../../mesh/live-member";
import type { PeerAddress } from "../../mesh/peer-address";
import { peerKubeconfig } from "../../mesh/peer-kubeconfig";
import type { TokenRequest } from "../../mesh/reader-token";
import { istioNamespace, managedByWeft, typeOfImported } from "../kubernetes";

/** Asks a member's API server for a token that ends. */
export type RequestToken = (request: TokenRequest) => Promise<string>;

export interface RemoteAccessArgs {
  /** Name of the member that is read. */
  cluster: string;
  /** Where and how the peers reach its API server. */
  address: PeerAddress;
  /** Generation of the token. A higher one is a new Secret; the engine deletes the old one after all else. */
  generation: number;
  /** Where tokens end. @default they do not */
  ending?: {
    lifetimeHours: number;
    /** What the readers have. @default nothing is known of it */
    held?: HeldAccess;
    request: RequestToken;
  };
  /** What must be there before the token is of use. */
  after: pulumi.Resource[];
}

/** How the peers read this member's API: a token of the service account that Istio's base chart creates for them. */
export class RemoteAccess extends pulumi.ComponentResource {
  /** Secret. The kubeconfig for the readers' PeerSecrets. */
  readonly kubeconfig: pulumi.Output<string>;

  constructor(
    private readonly name: string,
    private readonly args: RemoteAccessArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("weft:mesh-member:RemoteAccess", name, {}, opts);
    const { cluster, address, ending } = args;
    this.kubeconfig = (ending === undefined ? this.tokenThatStays() : this.tokenThatEnds(ending)).apply(
      ({ token, caData }) => peerKubeconfig({ ...address, cluster, token, caData: address.caData ?? caData }),
    );
    this.registerOutputs();
  }

  private tokenThatStays(): pulumi.Output<Credentials> {
    const { generation, after } = this.args;
    const { data } = new kubernetes.core.v1.Secret(
      `${this.name}-token-${generation}`,
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
    return pulumi.secret(data).apply((found) => ({
      token: Buffer.from(found["token"]!, "base64").toString(),
      caData: found["ca.crt"]!,
    }));
  }

  /**
   * No resource has it: it is asked for where none that the readers hold may be kept, and what they hold is all that is known of it. An
   * empty Secret takes the place of the one that a token stands in: what is bound to it is revoked when the engine deletes it.
   */
  private tokenThatEnds({
    lifetimeHours,
    held = {},
    request,
  }: NonNullable<RemoteAccessArgs["ending"]>): pulumi.Output<Credentials> {
    const { cluster, generation, after } = this.args;
    const name = `weft-reader-binding-${generation}`;
    const { metadata } = new kubernetes.core.v1.Secret(
      `${this.name}-binding-${generation}`,
      { metadata: { name, namespace: istioNamespace, labels: managedByWeft } },
      { parent: this, dependsOn: after },
    );
    const isPreview = pulumi.runtime.isDryRun();
    const token = metadata.uid.apply((uid) => {
      if (held.token?.boundTo === uid) return held.token.token;
      return isPreview ? pulumi.unknown : request({ cluster, lifetimeHours, boundTo: { name, uid } });
    }) as pulumi.Output<string>;
    // Without a CA preflight lets pass only who needs none.
    return pulumi.secret(token).apply((found) => ({ token: found, caData: held.caData ?? "" }));
  }
}

interface Credentials {
  token: string;
  /** PEM of the cluster's CA, in base64. */
  caData: string;
}
