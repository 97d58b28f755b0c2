/** The gateways of a member. */
import { z } from "zod";
import { annotations, cidr, dns1123, host, port, routeHost, serviceName, values, written } from "./forms";
import { namespaceMetadata } from "./namespace";

export const service = z.strictObject({
  type: z
    .enum(["LoadBalancer", "NodePort", "ClusterIP"])
    .default("LoadBalancer")
    .describe("Type of the gateway's Service."),
  annotations: annotations
    .default({})
    .describe("Annotations of the Service, for example those of a cloud's load balancer."),
  loadBalancerSourceRanges: z
    .array(cidr)
    .default([])
    .describe("CIDRs that may reach the load balancer; empty: everyone."),
});

const chartValues = (gateway: string, over: string) =>
  values
    .default({})
    .describe(
      `Extra Helm values for the ${gateway} gateway (replicas, resources, affinity, …), merged over ${over}. Those that the mesh needs are refused.`,
    );

/** What the mesh may say of the gateways of all members. */
export const eastWestOfAll = z.strictObject({ values: chartValues("east-west", "Weft's") });
export const ingressOfAll = z.strictObject({
  values: chartValues("ingress", "Weft's"),
  ...namespaceMetadata("the gateway's namespace", "Weft's"),
});

export const eastWest = z.strictObject({
  values: chartValues("east-west", "the mesh's"),
  service: service.prefault({}),
  addresses: z
    .array(host)
    .default([])
    .describe(
      "Addresses at which other networks reach this gateway: where no load balancer gives one (NodePort, ClusterIP), and where one is reached otherwise (NAT, a DNS name of yours); then they are used in place of its own. On a primary that serves remotes they lead to its ports 15012 and 15017 too, and are required where its load balancer has a DNS name (EKS).",
    ),
  port: port
    .default(15443)
    .describe(
      "Port at which other networks reach this gateway at `addresses`; also the node port when the Service's type is NodePort.",
    ),
});

export const route = z.strictObject({
  host: routeHost.describe("Host of the request."),
  path: written("a path that starts with /", /^\//).default("/").describe("Prefix of the request's path."),
  service: serviceName.describe("Destination: a Service as `name.namespace`."),
  port: port.describe("Port of that Service."),
});

export const ingress = z.strictObject({
  values: chartValues("ingress", "the mesh's"),
  namespace: dns1123
    .optional()
    .describe(
      "Namespace of the gateway, which Weft creates; the Secrets of its TLS certificates (`credentialName`) belong there. Default: `istio-ingress`. In `istio-system` the gateway may read no Secrets, because the CA's key is one of them. Another namespace is another Service: its load balancer gives another address, unless an annotation fixes it.",
    ),
  ...namespaceMetadata("the gateway's namespace", "the mesh's"),
  service: service
    .extend({
      nodePorts: z
        .strictObject({
          http: port.default(30080).describe("Node port of 80."),
          https: port.default(30443).describe("Node port of 443."),
        })
        .optional()
        .describe("Fixed node ports for 80 and 443, when the type is NodePort."),
    })
    .prefault({}),
  routes: z
    .array(route)
    .default([])
    .describe("What the gateway serves: one Gateway and one VirtualService for each host."),
});
