import { addressOf, type Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

const gatewayApi = "kubernetes:networking.istio.io/v1:Gateway";

describe("a remote on a network of its own", () => {
  const woven = weave({ clusters: [cluster("p"), cluster("r", { role: "remote", primary: "p" })] });

  test("is marked as its primary's, and has neither istiod's objects nor a PeerSecret", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-r-namespace").inputs["metadata"]).toEqual({
      name: "istio-system",
      labels: {
        "app.kubernetes.io/managed-by": "weft",
        "weft.dev/mesh": "mesh1",
        "weft.dev/member": "r",
        "topology.istio.io/network": "r",
      },
      annotations: { "topology.istio.io/controlPlaneClusters": "p" },
    });
    expect(recorder.named("mesh-p-namespace").inputs["metadata"]).not.toHaveProperty("annotations");
    expect(recorder.ofType("weft:mesh-member:PeerSecret")).toEqual(["mesh-p-peers"]);
    expect(recorder.ofType("kubernetes:security.istio.io/v1:PeerAuthentication")).toEqual(["mesh-p-mtls"]);
    expect(recorder.ofType(gatewayApi)).toEqual(["mesh-p-eastwest-cross-network", "mesh-p-eastwest-istiod"]);
  });

  test("has releases of the remote profile, which wait for no pod", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-r-base").inputs["values"]).toEqual({ profile: "remote" });
    expect(recorder.named("mesh-r-istiod").inputs).toMatchObject({
      skipAwait: true,
      values: {
        profile: "remote",
        istiodRemote: { injectionPath: "/inject/cluster/r/net/r" },
        global: { configCluster: true, remotePilotAddress: addressOf("mesh-p-eastwest-service") },
      },
    });
  });

  test("finds istiod on its primary's gateway", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-p-istiod").inputs["values"]).toMatchObject({
      global: { externalIstiod: true },
    });
    expect(recorder.named("mesh-p-eastwest-istiod").inputs).toMatchObject({
      metadata: { name: "istiod-gateway", namespace: "istio-system" },
      spec: {
        selector: { istio: "eastwestgateway" },
        servers: [
          { port: { number: 15012, protocol: "TLS" }, tls: { mode: "PASSTHROUGH" }, hosts: ["*"] },
          { port: { number: 15017, protocol: "TLS" }, tls: { mode: "PASSTHROUGH" }, hosts: ["*"] },
        ],
      },
    });
    const host = "istiod.istio-system.svc.cluster.local";
    expect(recorder.named("mesh-p-eastwest-istiod-route").inputs).toMatchObject({
      kind: "VirtualService",
      metadata: { namespace: "istio-system" },
      spec: {
        hosts: ["*"],
        gateways: ["istiod-gateway"],
        tls: [
          {
            match: [{ port: 15012, sniHosts: ["*"] }],
            route: [{ destination: { host, port: { number: 15012 } } }],
          },
          {
            match: [{ port: 15017, sniHosts: ["*"] }],
            route: [{ destination: { host, port: { number: 443 } } }],
          },
        ],
      },
    });
  });

  test("reaches the istiod of a revision by the name that its chart gives the Service", async () => {
    const { recorder } = await weave({
      mesh: { istio: { revision: "canary" } },
      clusters: [cluster("p"), cluster("r", { role: "remote", primary: "p" })],
    });
    const { spec } = recorder.named("mesh-p-eastwest-istiod-route").inputs as { spec: { tls: object[] } };
    expect(spec.tls[0]).toMatchObject({
      route: [{ destination: { host: "istiod-canary.istio-system.svc.cluster.local" } }],
    });
  });

  test("is created in an order in which its gateway's pod can be injected", async () => {
    const { recorder } = await woven;
    const orders: [later: string, earlier: string][] = [
      ["mesh-r-istiod", "mesh-p-eastwest-service"],
      ["mesh-p-peers-0", "mesh-r-remote-access-token-1"],
      ["mesh-r-eastwest-release", "mesh-p-peers-0"],
      ["mesh-r-eastwest-release", "mesh-r-istiod"],
    ];
    expect(orders.filter(([later, earlier]) => !recorder.isAfter(later, earlier))).toEqual([]);
  });
});

describe("Istio's CNI plugin", () => {
  let recorder: Recorder;
  beforeAll(async () => {
    ({ recorder } = await weave({
      mesh: {
        istio: { hub: "registry.example/istio", cni: { values: { chained: false, logLevel: "debug" } } },
      },
      clusters: [
        cluster("p"),
        cluster("r", {
          role: "remote",
          primary: "p",
          istio: { platform: "openshift", cni: { values: { chained: true } } },
        }),
      ],
    }));
  });

  test("is one more release of every member, where its platform wants it", () => {
    expect(recorder.named("mesh-p-cni").inputs).toMatchObject({
      name: "istio-cni",
      chart: "cni",
      version: "1.30.5",
      namespace: "istio-system",
      values: { global: { hub: "registry.example/istio" }, chained: false, logLevel: "debug" },
    });
    expect(recorder.named("mesh-r-cni").inputs).toMatchObject({
      namespace: "kube-system",
      values: {
        global: { hub: "registry.example/istio", platform: "openshift" },
        chained: true,
        logLevel: "debug",
      },
    });
  });

  test("is there in a primary and its remotes before their istiod counts on it", () => {
    expect(recorder.named("mesh-p-istiod").inputs["values"]).toMatchObject({
      pilot: { cni: { enabled: true } },
    });
    for (const plugin of ["mesh-p-cni", "mesh-r-cni"]) {
      expect(recorder.isAfter("mesh-p-istiod", plugin)).toBe(true);
      expect(recorder.isAfter(plugin, plugin.replace("-cni", "-namespace"))).toBe(true);
    }
  });
});

test("on one network, a remote has no gateway, and its primary's leads to istiod alone", async () => {
  const { recorder, mesh } = await weave({
    clusters: [
      cluster("p", { network: "n" }),
      cluster("r", { network: "n", role: "remote", primary: "p" }),
      cluster("s", { network: "n" }),
    ],
  });
  expect(recorder.ofType("weft:gateway:EastWestGateway")).toEqual(["mesh-p-eastwest"]);
  expect(recorder.ofType(gatewayApi)).toEqual(["mesh-p-eastwest-istiod"]);
  expect(mesh.members["r"]!.eastWestAddress).toBeUndefined();
});

test("on one network, primaries need no gateway but read each other", async () => {
  const { recorder } = await weave({
    clusters: [cluster("a", { network: "n" }), cluster("b", { network: "n" })],
  });
  expect(recorder.ofType("weft:gateway:EastWestGateway")).toEqual([]);
  expect(recorder.ofType("weft:mesh-member:PeerSecret")).toEqual(["mesh-a-peers", "mesh-b-peers"]);
});

test("several primaries with remotes and a plain primary: every primary reads everyone else", async () => {
  const { recorder } = await weave({
    clusters: [
      cluster("p1"),
      cluster("p2"),
      cluster("p3"),
      cluster("r1", { role: "remote", primary: "p1" }),
      cluster("r2", { role: "remote", primary: "p1" }),
      cluster("r3", { role: "remote", primary: "p2" }),
    ],
  });
  const keys = (reader: string) =>
    Object.keys(recorder.named(`mesh-${reader}-peers-0`).inputs["stringData"] as object).sort();
  expect(keys("p1")).toEqual(["p2", "p3", "r1", "r2", "r3"]);
  expect(keys("p2")).toEqual(["p1", "p3", "r1", "r2", "r3"]);
  expect(keys("p3")).toEqual(["p1", "p2", "r1", "r2", "r3"]);
  expect(recorder.ofType(gatewayApi)).toEqual([
    "mesh-p1-eastwest-cross-network",
    "mesh-p1-eastwest-istiod",
    "mesh-p2-eastwest-cross-network",
    "mesh-p2-eastwest-istiod",
    "mesh-p3-eastwest-cross-network",
  ]);
  expect(recorder.isAfter("mesh-r3-eastwest-release", "mesh-p2-peers-0")).toBe(true);
});

test("a gateway without a load balancer is where stack config says, and every istiod is told", async () => {
  const { recorder, mesh } = await weave({
    clusters: [
      cluster("a", {
        eastWest: { service: { type: "NodePort" }, addresses: ["192.0.2.1", "192.0.2.2"], port: 31443 },
      }),
      cluster("b"),
    ],
  });
  expect(recorder.ofType("kubernetes:core/v1:Service")).toEqual(["mesh-b-eastwest-service"]);
  expect(mesh.members["a"]!.eastWestAddress).toBeDefined();
  for (const istiod of ["mesh-a-istiod", "mesh-b-istiod"]) {
    expect(recorder.named(istiod).inputs["values"]).toMatchObject({
      global: {
        meshNetworks: {
          a: {
            endpoints: [{ fromRegistry: "a" }],
            gateways: [
              { address: "192.0.2.1", port: 31443 },
              { address: "192.0.2.2", port: 31443 },
            ],
          },
        },
      },
    });
  }
});

test("addresses that are given are used in place of the load balancer's, which no istiod finds", async () => {
  const { recorder } = await weave({
    clusters: [cluster("a", { eastWest: { addresses: ["gw.example"], port: 443 } }), cluster("b")],
  });
  const labelsOf = (name: string) =>
    (recorder.named(`mesh-${name}-eastwest-release`).inputs["values"] as { labels?: object }).labels;
  expect(labelsOf("a")).toBeUndefined();
  expect(labelsOf("b")).toEqual({ "topology.istio.io/network": "b" });
  for (const istiod of ["mesh-a-istiod", "mesh-b-istiod"]) {
    expect(recorder.named(istiod).inputs["values"]).toMatchObject({
      global: {
        meshNetworks: {
          a: { endpoints: [{ fromRegistry: "a" }], gateways: [{ address: "gw.example", port: 443 }] },
        },
      },
    });
  }
});

test("a gateway with fixed node ports comes before one for which Kubernetes chooses them, and might choose these", async () => {
  const fixed = { service: { type: "NodePort" as const, nodePorts: {} } };
  const eastWest = { service: { type: "NodePort" as const }, addresses: ["192.0.2.1"], port: 31443 };
  const { recorder } = await weave({
    clusters: [
      cluster("a", { ingress: fixed }),
      cluster("b", { eastWest, ingress: {} }),
      cluster("c", { ingress: {} }),
      cluster("d", { role: "remote", primary: "a", ingress: fixed }),
    ],
  });
  const isAfter = (name: string, other: string) =>
    recorder.isAfter(`mesh-${name}-release`, `mesh-${other}-release`);
  for (const member of ["a", "d"]) expect(isAfter(`${member}-eastwest`, `${member}-ingress`)).toBe(true);
  expect(isAfter("b-ingress", "b-eastwest")).toBe(true);
  expect(isAfter("c-ingress", "c-eastwest") || isAfter("c-eastwest", "c-ingress")).toBe(false);
});

test("an ingress gateway of a remote has its routes in the primary, where istiod reads them", async () => {
  const ingress = {
    service: { type: "NodePort" as const, nodePorts: {} },
    routes: [{ host: "helloworld.localhost", path: "/hello", service: "helloworld.sample", port: 5000 }],
  };
  const { recorder } = await weave({
    clusters: [cluster("p"), cluster("r", { role: "remote", primary: "p", ingress })],
  });
  expect(recorder.named("mesh-r-ingress-release")).toMatchObject({
    provider: "r",
    inputs: {
      name: "istio-ingressgateway",
      chart: "gateway",
      values: {
        service: {
          type: "NodePort",
          ports: [{ port: 80, nodePort: 30080 }, { port: 443, nodePort: 30443 }, { port: 15021 }],
        },
      },
    },
  });
  expect(recorder.named("mesh-r-ingress-helloworld.localhost-gateway")).toMatchObject({
    provider: "p",
    inputs: {
      kind: "Gateway",
      metadata: { name: "r-helloworld-localhost-ff89ffeca4", namespace: "istio-system" },
    },
  });
  expect(recorder.named("mesh-r-ingress-helloworld.localhost-virtualservice")).toMatchObject({
    provider: "p",
    inputs: { kind: "VirtualService", spec: { gateways: ["r-helloworld-localhost-ff89ffeca4"] } },
  });
  expect(recorder.isAfter("mesh-r-ingress-release", "mesh-p-peers-0")).toBe(true);
});

test("an ingress gateway has a namespace of its own, where it is injected, and takes the place of one elsewhere", async () => {
  const { recorder } = await weave({
    mesh: { istio: { revision: "canary" } },
    clusters: [cluster("p"), cluster("r", { role: "remote", primary: "p", ingress: {} })],
  });
  expect(recorder.named("mesh-r-ingress-namespace")).toMatchObject({
    provider: "r",
    inputs: {
      metadata: {
        name: "istio-ingress",
        labels: { "app.kubernetes.io/managed-by": "weft", "istio.io/rev": "canary" },
      },
    },
  });
  expect(recorder.named("mesh-r-ingress-release").inputs).toMatchObject({ namespace: "istio-ingress" });
  expect(recorder.isDeletedFirst("mesh-r-ingress-release")).toBe(true);
  expect(recorder.isAfter("mesh-r-ingress-release", "mesh-r-ingress-namespace")).toBe(true);
});

test("an ingress gateway has the namespace that it is given, also Istio's own", async () => {
  const { recorder } = await weave({
    clusters: [
      cluster("a", { ingress: { namespace: "edge" } }),
      cluster("b", { ingress: { namespace: "istio-system" } }),
    ],
  });
  expect(recorder.named("mesh-a-ingress-namespace").inputs["metadata"]).toEqual({
    name: "edge",
    labels: { "app.kubernetes.io/managed-by": "weft", "istio-injection": "enabled" },
  });
  expect(recorder.named("mesh-a-ingress-release").inputs["namespace"]).toBe("edge");
  expect(recorder.has("mesh-b-ingress-namespace")).toBe(false);
  expect(recorder.named("mesh-b-ingress-release").inputs["namespace"]).toBe("istio-system");
});

test("what a person adds to the charts is the mesh's with the member's over it, over Weft's", async () => {
  const { recorder } = await weave({
    mesh: {
      istio: { platform: "gke", base: { values: { base: { excludedCRDs: ["x"] } } } },
      eastWest: { values: { autoscaling: { minReplicas: 2 }, labels: { team: "mesh" } } },
      ingress: { values: { kind: "DaemonSet" } },
    },
    clusters: [
      cluster("a", { ingress: { values: { priorityClassName: "high" } } }),
      cluster("b", {
        istio: { platform: "openshift", base: { values: { base: { excludedCRDs: [] } } } },
        eastWest: { values: { autoscaling: { minReplicas: 3 } } },
      }),
      cluster("r", { role: "remote", primary: "a" }),
    ],
  });
  const valuesOf = (name: string) => recorder.named(name).inputs["values"];
  expect(valuesOf("mesh-a-base")).toEqual({ global: { platform: "gke" }, base: { excludedCRDs: ["x"] } });
  expect(valuesOf("mesh-b-base")).toEqual({ global: { platform: "openshift" }, base: { excludedCRDs: [] } });
  for (const release of ["mesh-a-istiod", "mesh-r-istiod", "mesh-r-eastwest-release"]) {
    expect(valuesOf(release)).toMatchObject({ global: { platform: "gke" } });
  }
  expect(valuesOf("mesh-b-eastwest-release")).toMatchObject({
    global: { platform: "openshift" },
    autoscaling: { minReplicas: 3 },
    labels: { team: "mesh", "topology.istio.io/network": "b" },
  });
  expect(valuesOf("mesh-a-eastwest-release")).toMatchObject({ autoscaling: { minReplicas: 2 } });
  expect(valuesOf("mesh-a-ingress-release")).toEqual({
    name: "istio-ingressgateway",
    global: { platform: "gke" },
    service: { type: "LoadBalancer" },
    kind: "DaemonSet",
    priorityClassName: "high",
  });
});

test("routes hold for the gateway of their own member, also where one istiod serves several", async () => {
  const ingress = { routes: [{ host: "a.example", service: "a.b", port: 80 }] };
  const { recorder } = await weave({
    clusters: [
      cluster("alone", { ingress }),
      cluster("p", { ingress }),
      cluster("r", { role: "remote", primary: "p", ingress }),
    ],
  });
  const selectorOf = (member: string) =>
    (recorder.named(`mesh-${member}-ingress-a.example-gateway`).inputs["spec"] as { selector: object })
      .selector;
  expect(selectorOf("alone")).toEqual({ istio: "ingressgateway" });
  expect(selectorOf("p")).toEqual({ istio: "ingressgateway", "topology.istio.io/cluster": "p" });
  expect(selectorOf("r")).toEqual({ istio: "ingressgateway", "topology.istio.io/cluster": "r" });
});
