import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Member, Mesh } from "../../mesh/mesh";
import type { IngressConfig } from "../../mesh/schema";
import { exposesIstiod } from "../../mesh/topology";
import { chartArgs } from "../chart";
import { istioNamespace, managedByWeft, releaseTimeoutSeconds } from "../kubernetes";
import { hostRoutes } from "./routes";
import { ingressName, ingressValues } from "./values";

export interface IngressGatewayArgs {
  mesh: Mesh;
  member: Member;
  ingress: IngressConfig;
  /** What its pod needs to start: the istiod that injects it. */
  after: pulumi.Resource[];
  /** Provider of the primary that serves the member: istiod reads the routes there. */
  primary: kubernetes.Provider;
}

/** The gateway by which requests from outside the mesh come in, and what it serves. */
export class IngressGateway extends pulumi.ComponentResource {
  constructor(name: string, args: IngressGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:gateway:IngressGateway", name, {}, opts);
    const { mesh, member, ingress, after, primary } = args;

    new kubernetes.helm.v3.Release(
      `${name}-release`,
      {
        name: ingressName,
        namespace: istioNamespace,
        ...chartArgs(mesh.config.istio.charts, "gateway", member.istio.version),
        values: ingressValues({
          service: ingress.service,
          nodePorts: ingress.service.nodePorts,
          revision: mesh.config.istio.revision,
          imagePullSecrets: mesh.config.istio.imagePullSecrets,
        }),
        timeout: releaseTimeoutSeconds,
      },
      { parent: this, dependsOn: after },
    );

    const routes = hostRoutes(member.name, ingress.routes, exposesIstiod(mesh, member.primary));
    for (const { host, name: object, gateway, virtualService } of routes) {
      const create = (kind: string, spec: object) =>
        new kubernetes.apiextensions.CustomResource(
          `${name}-${host}-${kind.toLowerCase()}`,
          {
            apiVersion: "networking.istio.io/v1",
            kind,
            metadata: { name: object, namespace: istioNamespace, labels: managedByWeft },
            spec,
          },
          { parent: this, provider: primary, dependsOn: after },
        );
      create("Gateway", gateway);
      create("VirtualService", virtualService);
    }
    this.registerOutputs();
  }
}
