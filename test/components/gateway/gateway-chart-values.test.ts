import { eastWestValues, ingressValues } from "../../../components/gateway/gateway-chart-values";

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

const port = (name: string, number: number, nodePort?: number) => ({
  name,
  port: number,
  targetPort: number,
  protocol: "TCP",
  ...(nodePort && { nodePort }),
});
const gatewayPorts = [port("status-port", 15021), port("tls", 15443)];
const istiodPorts = [port("tls-istiod", 15012), port("tls-webhook", 15017)];

describe("values of the east-west gateway", () => {
  const eastWest = {
    name: "istio-eastwestgateway",
    labels: { "topology.istio.io/network": "network1" },
    env: { ISTIO_META_REQUESTED_NETWORK_VIEW: "network1" },
    rbac: { enabled: false },
  };

  it("make it the gateway of its network, which reads no Secrets", () => {
    expect(eastWestValues({ network: "network1", exposesIstiod: false, service })).toEqual({
      ...eastWest,
      service: { type: "LoadBalancer", ports: gatewayPorts },
    });
  });

  it("do not let istiods find it by its Service, where they are told of its addresses", () => {
    const { labels, ...rest } = eastWest;
    expect(labels).toBeDefined();
    const values = eastWestValues({
      network: "network1",
      isDiscovered: false,
      exposesIstiod: false,
      service,
    });
    expect(values).toEqual({ ...rest, service: { type: "LoadBalancer", ports: gatewayPorts } });
  });

  it("carry everything that can be configured", () => {
    expect(eastWestValues({ network: "network1", exposesIstiod: true, ...everything })).toEqual({
      ...eastWest,
      revision: "canary",
      imagePullSecrets: [{ name: "pull" }],
      service: {
        type: "LoadBalancer",
        annotations: { "example.org/load-balancer": "internal" },
        loadBalancerSourceRanges: ["10.0.0.0/8"],
        ports: [...gatewayPorts, ...istiodPorts],
      },
    });
  });

  it("open istiod's ports only where remotes come to it, and fix the node port", () => {
    const portsOf = (exposesIstiod: boolean) =>
      eastWestValues({
        network: "network1",
        exposesIstiod,
        service: { ...service, type: "NodePort" },
        nodePort: 31443,
      })["service"];
    const ports = [port("tls", 15443, 31443), port("status-port", 15021)];
    expect(portsOf(false)).toEqual({ type: "NodePort", ports });
    expect(portsOf(true)).toEqual({ type: "NodePort", ports: [...ports, ...istiodPorts] });
  });

  it("do without a node port where the Service's type has none", () => {
    const args = { network: "network1", exposesIstiod: true, service };
    expect(eastWestValues({ ...args, nodePort: 31443 })).toEqual(eastWestValues(args));
  });
});

describe("values of the ingress gateway", () => {
  const namespace = "istio-ingress";

  it("leave the ports to the chart", () => {
    expect(ingressValues({ namespace, service })).toEqual({
      name: "istio-ingressgateway",
      service: { type: "LoadBalancer" },
    });
  });

  it("let it read no Secrets beside the CA's key", () => {
    expect(ingressValues({ namespace: "istio-system", service })).toEqual({
      name: "istio-ingressgateway",
      rbac: { enabled: false },
      service: { type: "LoadBalancer" },
    });
  });

  it("fix the node ports of 80 and 443, before Kubernetes chooses that of another port", () => {
    expect(
      ingressValues({
        ...everything,
        namespace,
        service: { ...service, type: "NodePort" },
        nodePorts: { http: 30080, https: 30443 },
      }),
    ).toEqual({
      name: "istio-ingressgateway",
      revision: "canary",
      imagePullSecrets: [{ name: "pull" }],
      service: {
        type: "NodePort",
        ports: [port("http2", 80, 30080), port("https", 443, 30443), port("status-port", 15021)],
      },
    });
  });

  it("do without node ports where the Service's type has none", () => {
    expect(ingressValues({ namespace, service, nodePorts: { http: 30080, https: 30443 } })).toEqual(
      ingressValues({ namespace, service }),
    );
  });
});
