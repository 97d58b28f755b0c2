import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

describe("MetalLB", () => {
  const woven = weave({
    mesh: { loadBalancer: {} },
    clusters: [
      cluster("a", { addresses: "10.89.1.200-10.89.1.220", ingress: {} }),
      cluster("b", { addresses: "10.89.1.221-10.89.1.240", role: "remote", primary: "a" }),
    ],
  });

  test("is installed on every member, and gives the member's addresses alone", async () => {
    const { recorder } = await woven;
    expect(recorder.ofType("kubernetes:metallb.io/v1beta1:IPAddressPool")).toEqual([
      "mesh-a-load-balancer-ipaddresspool",
      "mesh-b-load-balancer-ipaddresspool",
    ]);
    expect(recorder.named("mesh-b-load-balancer-ipaddresspool")).toMatchObject({
      provider: "b",
      inputs: {
        metadata: { name: "weft", namespace: "metallb-system" },
        spec: { addresses: ["10.89.1.221-10.89.1.240"] },
      },
    });
    expect(recorder.named("mesh-b-load-balancer-l2advertisement").inputs).toMatchObject({
      metadata: { namespace: "metallb-system" },
      spec: { ipAddressPools: ["weft"] },
    });
    expect(recorder.named("mesh-a-load-balancer-release")).toMatchObject({
      provider: "a",
      inputs: {
        name: "metallb",
        namespace: "metallb-system",
        chart: "metallb",
        version: "0.15.2",
        repositoryOpts: { repo: "https://metallb.github.io/metallb" },
        values: { speaker: { frr: { enabled: false } }, frrk8s: { enabled: false } },
      },
    });
  });

  test("has a namespace in which its speaker may use the node's network", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-a-load-balancer-namespace").inputs["metadata"]).toEqual({
      name: "metallb-system",
      labels: {
        "app.kubernetes.io/managed-by": "weft",
        "pod-security.kubernetes.io/enforce": "privileged",
        "pod-security.kubernetes.io/audit": "privileged",
        "pod-security.kubernetes.io/warn": "privileged",
      },
    });
  });

  test("is ready before the member's gateways ask it for an address", async () => {
    const { recorder } = await woven;
    const orders: [later: string, earlier: string][] = [
      ["mesh-a-load-balancer-release", "mesh-a-load-balancer-namespace"],
      ["mesh-a-load-balancer-ipaddresspool", "mesh-a-load-balancer-release"],
      ["mesh-a-load-balancer-l2advertisement", "mesh-a-load-balancer-ipaddresspool"],
      ["mesh-a-eastwest-release", "mesh-a-load-balancer-l2advertisement"],
      ["mesh-a-ingress-release", "mesh-a-load-balancer-l2advertisement"],
      ["mesh-b-eastwest-release", "mesh-b-load-balancer-l2advertisement"],
    ];
    expect(orders.filter(([later, earlier]) => !recorder.isAfter(later, earlier))).toEqual([]);
    expect(recorder.isAfter("mesh-a-istiod", "mesh-a-load-balancer-release")).toBe(false);
  });
});
