import { istiodPorts } from "../../policies/istiod-ports";
import { runOnStack, unknown, type Res } from "./run";
import { object, release } from "./stack";

const istiodGateway = (member: string) =>
  object(member, "networking.istio.io/v1:Gateway", "istiod-gateway", {
    spec: { servers: [{ port: { number: 15012 } }, { port: { number: 15017 } }] },
  });
const crossNetwork = (member: string) =>
  object(member, "networking.istio.io/v1:Gateway", "cross-network", {
    spec: { servers: [{ port: { number: 15443 } }] },
  });
const namespace = (member: string, annotations: object = {}) =>
  object(member, "core/v1:Namespace", "namespace", { metadata: { name: "istio-system", annotations } });
const eastWest = (member: string, service: object): Res =>
  release(member, "istio-eastwestgateway", { values: { service } });

const remote = namespace("cluster2", { "topology.istio.io/controlPlaneClusters": "cluster1" });
const ranges = { loadBalancerSourceRanges: ["10.0.0.0/8"] };

test("a primary that serves a remote may expose its istiod to known ranges", () => {
  const stack = [
    namespace("cluster1"),
    istiodGateway("cluster1"),
    eastWest("cluster1", ranges),
    remote,
    crossNetwork("cluster2"),
  ];
  expect(runOnStack(istiodPorts, stack)).toEqual([]);
});

test("a member that serves no remote may not: each port is named", () => {
  const stack = [remote, istiodGateway("cluster3"), eastWest("cluster3", ranges)];
  expect(runOnStack(istiodPorts, stack)).toEqual([
    "cluster3-istiod-gateway spec.servers[0].port.number (15012): this exposes the istiod of cluster3, which serves no remote. " +
      "Remove the server, or make a member of role remote name this one as its primary.",
    expect.stringContaining("spec.servers[1].port.number (15017)"),
  ]);
});

test("nor by a patch of another Gateway", () => {
  const patch = object("cluster3", "networking.istio.io/v1:GatewayPatch", "cross-network", {
    spec: { servers: [{ port: { number: 15012 } }] },
  });
  expect(runOnStack(istiodPorts, [remote, patch])).toHaveLength(1);
});

test("exposed without source ranges is refused; saying 0.0.0.0/0 is saying so", () => {
  const stack = (service: object) => [istiodGateway("cluster1"), eastWest("cluster1", service), remote];
  expect(runOnStack(istiodPorts, stack({ type: "LoadBalancer" }))).toEqual([
    expect.stringMatching(
      /^cluster1-istio-eastwestgateway values.service.loadBalancerSourceRanges: the load balancer offers the istiod of cluster1 to everyone\. Set eastWest\.service/,
    ),
  ]);
  expect(runOnStack(istiodPorts, stack({ loadBalancerSourceRanges: ["0.0.0.0/0"] }))).toEqual([]);
  expect(runOnStack(istiodPorts, stack({}), { requireSourceRanges: false })).toEqual([]);
});

test("no ranges are asked for where Kubernetes would not look at them, or istiod is not exposed", () => {
  expect(
    runOnStack(istiodPorts, [istiodGateway("cluster1"), eastWest("cluster1", { type: "NodePort" }), remote]),
  ).toEqual([]);
  expect(runOnStack(istiodPorts, [crossNetwork("cluster1"), eastWest("cluster1", {})])).toEqual([]);
});

test("several primaries of one remote all serve it", () => {
  const both = namespace("cluster3", { "topology.istio.io/controlPlaneClusters": "cluster1, cluster2" });
  expect(runOnStack(istiodPorts, [istiodGateway("cluster2"), eastWest("cluster2", ranges), both])).toEqual(
    [],
  );
});

test("a stack without gateways passes, and so does what is not known yet", () => {
  expect(runOnStack(istiodPorts, [namespace("cluster1")])).toEqual([]);
  const stack = [
    object("cluster1", "networking.istio.io/v1:Gateway", "g", { spec: unknown }),
    release("cluster1", "istio-eastwestgateway", { values: unknown }),
  ];
  expect(runOnStack(istiodPorts, stack)).toEqual([]);
});
