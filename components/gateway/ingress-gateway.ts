import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { mergeValues } from "../../mesh/istio-values";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import type { IngressConfig } from "../../mesh/schema";
import { workloadRevision } from "../../mesh/revisions";
import { exposesIstiod, ingressNamespace } from "../../mesh/topology";
import { chartArgs } from "../chart";
import {
  injection,
  istioNamespace,
  managedByWeft,
  namespaceMetadata,
  releaseTimeoutSeconds,
} from "../kubernetes";
import { hostRoutes } from "./routes";
import { ingressName, ingressValues, injector } from "./gateway-chart-values";

export interface IngressGatewayArgs {
  mesh: MeshSpec;
  member: Member;
  ingress: IngressConfig;
  /** What its pod needs to start: the istiod that injects it. */
  after: pulumi.Resource[];
  /** Provider of the primary that serves the member: istiod reads the routes there. */
  primary: kubernetes.Provider;
}

/**
 * The gateway by which requests from outside the mesh come in, and what it serves. It has a namespace of its own, because it may
 * read the Secrets of its namespace: the TLS certificates of `credentialName`. Its routes stand in istio-system, where those of
 * a remote have a place in its primary too.
 */
export class IngressGateway extends pulumi.ComponentResource {
  constructor(name: string, args: IngressGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:gateway:IngressGateway", name, {}, opts);
    const { mesh, member, ingress, after, primary } = args;
    const namespace = ingressNamespace(ingress);

    const ownNamespace =
      namespace === istioNamespace
        ? []
        : [
            new kubernetes.core.v1.Namespace(
              `${name}-namespace`,
              {
                metadata: namespaceMetadata(namespace, ingress, {
                  labels: { ...managedByWeft, ...injection(workloadRevision(mesh.config.istio)) },
                }),
              },
              { parent: this },
            ),
          ];
    new kubernetes.helm.v3.Release(
      `${name}-release`,
      {
        name: ingressName,
        namespace,
        ...chartArgs(mesh.config.istio.charts, "gateway", member.istio.version),
        values: mergeValues(
          ingressValues({
            namespace,
            service: ingress.service,
            nodePorts: ingress.service.nodePorts,
            ...injector(mesh, member),
            imagePullSecrets: mesh.config.istio.imagePullSecrets,
            platform: member.istio.platform,
          }),
          ingress.values,
        ),
        timeout: releaseTimeoutSeconds,
      },
      // Two Services cannot have the same node ports, nor the same fixed address.
      { parent: this, dependsOn: [...after, ...ownNamespace], deleteBeforeReplace: true },
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
