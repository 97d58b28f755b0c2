import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { LoadBalancerConfig } from "../../mesh/schema";
import { chartArgs } from "../chart";
import { managedByWeft, releaseTimeoutSeconds } from "../kubernetes";

export interface LoadBalancerArgs {
  config: LoadBalancerConfig;
  /** What it may give: a range such as 10.89.1.200-10.89.1.220, or a CIDR. */
  addresses: string;
}

export const metallbNamespace = "metallb-system";

/** MetalLB in layer-2 mode, for a cluster where nothing else gives addresses to Services of type LoadBalancer. */
export class LoadBalancer extends pulumi.ComponentResource {
  /** From here on, Services get addresses. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: LoadBalancerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:load-balancer:LoadBalancer", name, {}, opts);
    const { config, addresses } = args;

    const namespace = new kubernetes.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: {
          name: metallbNamespace,
          labels: {
            ...managedByWeft,
            // Its speaker uses the node's network: https://metallb.io/installation/#installation-with-helm
            "pod-security.kubernetes.io/enforce": "privileged",
            "pod-security.kubernetes.io/audit": "privileged",
            "pod-security.kubernetes.io/warn": "privileged",
          },
        },
      },
      { parent: this },
    );

    const release = new kubernetes.helm.v3.Release(
      `${name}-release`,
      {
        name: "metallb",
        namespace: metallbNamespace,
        ...chartArgs(config.charts, "metallb", config.version, "weft:mesh.loadBalancer.charts"),
        // FRR speaks BGP, which layer 2 has no use for; which of the two is on by default depends on the version.
        values: { speaker: { frr: { enabled: false } }, frrk8s: { enabled: false } },
        timeout: releaseTimeoutSeconds,
      },
      { parent: this, dependsOn: namespace },
    );

    const create = (kind: string, spec: object, after: pulumi.Resource) =>
      new kubernetes.apiextensions.CustomResource(
        `${name}-${kind.toLowerCase()}`,
        {
          apiVersion: "metallb.io/v1beta1",
          kind,
          metadata: { name: "weft", namespace: metallbNamespace, labels: managedByWeft },
          spec,
        },
        { parent: this, dependsOn: after },
      );
    const pool = create("IPAddressPool", { addresses: [addresses] }, release);
    const advertisement = create("L2Advertisement", { ipAddressPools: ["weft"] }, pool);

    this.ready = [pool, advertisement];
    this.registerOutputs();
  }
}
