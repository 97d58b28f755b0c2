import { eastWestValues, ingressValues } from "../../../components/gateway/values";

const service = { type: "LoadBalancer" as const, annotations: {}, loadBalancerSourceRanges: [] };
const everything = {
  revision: "canary",
  imagePullSecrets: ["pull"],
  service: {
    type: "LoadBalancer" as const,
    annotations: { "example.org/load-balancer": "internal" },
    loadBalancerSourceRanges: ["10.0.0.0/8"],
  },
};

describe("values of the east-west gateway", () => {
  it("make it the gateway of its network", () => {
    expect(eastWestValues({ network: "network1", role: "primary", service })).toEqual({
      name: "istio-eastwestgateway",
      networkGateway: "network1",
      service: { type: "LoadBalancer" },
    });
  });

  it("carry everything that can be configured", () => {
    expect(eastWestValues({ network: "network1", role: "primary", ...everything })).toEqual({
      name: "istio-eastwestgateway",
      networkGateway: "network1",
      revision: "canary",
      imagePullSecrets: [{ name: "pull" }],
      service: {
        type: "LoadBalancer",
        annotations: { "example.org/load-balancer": "internal" },
        loadBalancerSourceRanges: ["10.0.0.0/8"],
      },
    });
  });

  it("write the network gateway out where the node port is fixed, which the chart's shorthand cannot", () => {
    expect(
      eastWestValues({
        network: "network1",
        role: "primary",
        service: { ...service, type: "NodePort" },
        nodePort: 31443,
      }),
    ).toEqual({
      name: "istio-eastwestgateway",
      labels: { "topology.istio.io/network": "network1" },
      env: { ISTIO_META_REQUESTED_NETWORK_VIEW: "network1" },
      service: {
        type: "NodePort",
        ports: [
          { name: "tls", port: 15443, targetPort: 15443, protocol: "TCP", nodePort: 31443 },
          { name: "status-port", port: 15021, targetPort: 15021, protocol: "TCP" },
          { name: "tls-istiod", port: 15012, targetPort: 15012, protocol: "TCP" },
          { name: "tls-webhook", port: 15017, targetPort: 15017, protocol: "TCP" },
        ],
      },
    });
  });

  it("leave out istiod's ports on a remote, whose gateway would hand its primary's istiod to whoever reaches it", () => {
    const ports = (type: "LoadBalancer" | "NodePort") =>
      eastWestValues({ network: "network2", role: "remote", service: { ...service, type }, nodePort: 31443 });
    expect(ports("LoadBalancer")).toEqual({
      name: "istio-eastwestgateway",
      labels: { "topology.istio.io/network": "network2" },
      env: { ISTIO_META_REQUESTED_NETWORK_VIEW: "network2" },
      service: {
        type: "LoadBalancer",
        ports: [
          { name: "status-port", port: 15021, targetPort: 15021, protocol: "TCP" },
          { name: "tls", port: 15443, targetPort: 15443, protocol: "TCP" },
        ],
      },
    });
    expect(ports("NodePort")).toMatchObject({
      service: { type: "NodePort", ports: [{ port: 15443, nodePort: 31443 }, { port: 15021 }] },
    });
  });

  it("do without a node port where the Service's type has none", () => {
    expect(eastWestValues({ network: "network1", role: "primary", service, nodePort: 31443 })).toEqual(
      eastWestValues({ network: "network1", role: "primary", service }),
    );
  });
});

describe("values of the ingress gateway", () => {
  it("leave the ports to the chart", () => {
    expect(ingressValues({ service })).toEqual({
      name: "istio-ingressgateway",
      service: { type: "LoadBalancer" },
    });
  });

  it("fix the node ports of 80 and 443, before Kubernetes chooses that of another port", () => {
    expect(
      ingressValues({
        ...everything,
        service: { ...service, type: "NodePort" },
        nodePorts: { http: 30080, https: 30443 },
      }),
    ).toEqual({
      name: "istio-ingressgateway",
      revision: "canary",
      imagePullSecrets: [{ name: "pull" }],
      service: {
        type: "NodePort",
        ports: [
          { name: "http2", port: 80, targetPort: 80, protocol: "TCP", nodePort: 30080 },
          { name: "https", port: 443, targetPort: 443, protocol: "TCP", nodePort: 30443 },
          { name: "status-port", port: 15021, targetPort: 15021, protocol: "TCP" },
        ],
      },
    });
  });

  it("do without node ports where the Service's type has none", () => {
    expect(ingressValues({ service, nodePorts: { http: 30080, https: 30443 } })).toEqual(
      ingressValues({ service }),
    );
  });
});
