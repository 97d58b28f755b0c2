import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { mergeValues } from "../../mesh/istio-values";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { exposesIstiod, exposesServices, isDiscovered, istiodHost } from "../../mesh/topology";
import { chartArgs } from "../chart";
import { istioNamespace, managedByWeft, releaseTimeoutSeconds } from "../kubernetes";
import { eastWestName, eastWestValues, injector } from "./gateway-chart-values";

export interface EastWestGatewayArgs {
  mesh: MeshSpec;
  member: Member;
  /** What its pod needs to start: the istiod that injects it. */
  after: pulumi.Resource[];
  /** Its address, where nobody answers who could be asked for it. */
  known?: string;
}

/**
 * The gateway through which other networks reach this member's services and, where the member serves remotes, its
 * istiod. Istio's objects stand in primaries alone: istiod gives them to the gateways of its remotes too.
 */
export class EastWestGateway extends pulumi.ComponentResource {
  /** IP address or host name at which other networks reach it. */
  readonly address: pulumi.Output<string>;

  constructor(name: string, args: EastWestGatewayArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:gateway:EastWestGateway", name, {}, opts);
    const { mesh, member, after } = args;

    const release = new kubernetes.helm.v3.Release(
      `${name}-release`,
      {
        name: eastWestName,
        namespace: istioNamespace,
        ...chartArgs(mesh.config.istio.charts, "gateway", member.istio.version),
        values: mergeValues(
          eastWestValues({
            network: member.network,
            isDiscovered: isDiscovered(member),
            exposesIstiod: exposesIstiod(mesh, member.name),
            service: member.eastWest.service,
            nodePort: member.eastWest.port,
            ...injector(mesh, member),
            imagePullSecrets: mesh.config.istio.imagePullSecrets,
            platform: member.istio.platform,
          }),
          member.eastWest.values,
        ),
        timeout: releaseTimeoutSeconds,
      },
      { parent: this, dependsOn: after },
    );
    if (exposesServices(mesh, member.name)) this.exposeServices(name, after);
    if (exposesIstiod(mesh, member.name)) this.exposeIstiod(name, mesh, after);

    this.address = this.addressOf(name, args, release);
    this.registerOutputs({ address: this.address });
  }

  /** https://istio.io/latest/docs/setup/install/multicluster/multi-primary_multi-network/#expose-services-in-cluster1 */
  private exposeServices(name: string, after: pulumi.Resource[]) {
    new kubernetes.apiextensions.CustomResource(
      `${name}-cross-network`,
      {
        apiVersion: "networking.istio.io/v1",
        kind: "Gateway",
        metadata: { name: "cross-network-gateway", namespace: istioNamespace, labels: managedByWeft },
        spec: {
          selector: { istio: "eastwestgateway" },
          servers: [
            {
              port: { number: 15443, name: "tls", protocol: "TLS" },
              tls: { mode: "AUTO_PASSTHROUGH" },
              hosts: ["*.local"],
            },
          ],
        },
      },
      { parent: this, dependsOn: after },
    );
  }

  /** https://istio.io/latest/docs/setup/install/multicluster/primary-remote_multi-network/#expose-the-control-plane-in-cluster1 */
  private exposeIstiod(name: string, mesh: MeshSpec, after: pulumi.Resource[]) {
    const host = istiodHost(mesh);
    const ports = [
      { number: 15012, name: "tls-istiod", destination: 15012 },
      { number: 15017, name: "tls-istiodwebhook", destination: 443 },
    ];
    new kubernetes.apiextensions.CustomResource(
      `${name}-istiod`,
      {
        apiVersion: "networking.istio.io/v1",
        kind: "Gateway",
        metadata: { name: "istiod-gateway", namespace: istioNamespace, labels: managedByWeft },
        spec: {
          selector: { istio: "eastwestgateway" },
          servers: ports.map(({ number, name: port }) => ({
            port: { number, name: port, protocol: "TLS" },
            tls: { mode: "PASSTHROUGH" },
            hosts: ["*"],
          })),
        },
      },
      { parent: this, dependsOn: after },
    );
    new kubernetes.apiextensions.CustomResource(
      `${name}-istiod-route`,
      {
        apiVersion: "networking.istio.io/v1",
        kind: "VirtualService",
        metadata: { name: "istiod-vs", namespace: istioNamespace, labels: managedByWeft },
        spec: {
          hosts: ["*"],
          gateways: ["istiod-gateway"],
          tls: ports.map(({ number, destination }) => ({
            match: [{ port: number, sniHosts: ["*"] }],
            route: [
              {
                destination: {
                  host,
                  port: { number: destination },
                },
              },
            ],
          })),
        },
      },
      { parent: this, dependsOn: after },
    );
  }

  private addressOf(
    name: string,
    { member, known }: EastWestGatewayArgs,
    release: kubernetes.helm.v3.Release,
  ): pulumi.Output<string> {
    const [given = known] = member.eastWest.addresses;
    if (given !== undefined) return pulumi.output(given);
    // The release and the Service that it creates have the same namespace and name, and so the same ID.
    const service = kubernetes.core.v1.Service.get(`${name}-service`, release.id, {
      parent: this,
      dependsOn: release,
    });
    return service.status.apply((status) => {
      const ingress = status?.loadBalancer?.ingress?.[0];
      const address = ingress?.ip ?? ingress?.hostname;
      if (address === undefined) {
        throw new pulumi.ResourceError(
          `The load balancer of '${member.name}' has not given the east-west gateway an address.`,
          this,
        );
      }
      return address;
    });
  }
}
