import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { eastWestName, ingressName } from "../gateway/gateway-chart-values";
import { istioNamespace } from "../kubernetes";
import { metallbNamespace } from "../load-balancer/load-balancer";

export interface EvictedMemberArgs {
  /** Names of the releases of its istiods. */
  istiods: string[];
  /** Whether Weft installed MetalLB. */
  hasLoadBalancer: boolean;
  /** Namespace of its ingress gateway, where it had one. */
  ingressNamespace?: string;
  /** Namespace of its CNI plugin, where it had it. */
  cniNamespace?: string;
}

/**
 * A member whose cluster is gone: what is left of it in the state is given up, and the cluster is not asked.
 *
 * Its objects leave the state by themselves, for their provider has `deleteUnreachable`. The provider does so with all but Helm's
 * releases (kubeProvider.Delete in provider/pkg/provider/provider.go, pulumi-kubernetes#2675). These are read, under the identity that they
 * have, and so are Pulumi's no longer ("relinquish" in pkg/resource/deploy/step_generator.go): the engine deletes nothing that it only read.
 *
 * It is a MeshMember by type, so that the releases keep their URNs. Providers: one with `skipUpdateUnreachable`, which reads what it is told.
 */
export class EvictedMember extends pulumi.ComponentResource {
  constructor(name: string, args: EvictedMemberArgs, opts: pulumi.ComponentResourceOptions) {
    super("weft:mesh-member:MeshMember", name, {}, opts);
    const { istiods, hasLoadBalancer, ingressNamespace, cniNamespace } = args;
    const part = (type: string, suffix: string) =>
      new pulumi.ComponentResource(type, `${name}-${suffix}`, {}, { parent: this });

    relinquish(`${name}-base`, istioNamespace, "istio-base", this);
    for (const istiod of istiods) relinquish(`${name}-${istiod}`, istioNamespace, istiod, this);
    if (cniNamespace !== undefined) relinquish(`${name}-cni`, cniNamespace, "istio-cni", this);
    const eastWest = part("weft:gateway:EastWestGateway", "eastwest");
    relinquish(`${name}-eastwest-release`, istioNamespace, eastWestName, eastWest);
    if (hasLoadBalancer) {
      const loadBalancer = part("weft:load-balancer:LoadBalancer", "load-balancer");
      relinquish(`${name}-load-balancer-release`, metallbNamespace, "metallb", loadBalancer);
    }
    if (ingressNamespace !== undefined) {
      const ingress = part("weft:gateway:IngressGateway", "ingress");
      relinquish(`${name}-ingress-release`, ingressNamespace, ingressName, ingress);
    }
    this.registerOutputs();
  }
}

/** One that was never there may be read as well. */
function relinquish(name: string, namespace: string, release: string, parent: pulumi.Resource) {
  kubernetes.helm.v3.Release.get(name, `${namespace}/${release}`, { parent });
}
