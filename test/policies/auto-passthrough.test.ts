import { autoPassthrough } from "../../policies/auto-passthrough";
import { runOnResource } from "./run";

const gateway = (server: object, config = {}) =>
  runOnResource(
    autoPassthrough,
    {
      type: "kubernetes:networking.istio.io/v1:Gateway",
      name: "cluster1-cross-network",
      props: { spec: { servers: [server] } },
    },
    config,
  );
const tls = { mode: "AUTO_PASSTHROUGH" };

test.each(["*.local", "sample.svc.cluster.local", "istio-system/*.local", "./*.cluster.local"])(
  "host %s on 15443 passes",
  (host) => {
    expect(gateway({ port: { number: 15443 }, hosts: [host], tls })).toEqual([]);
  },
);

test("another port is refused", () => {
  expect(gateway({ port: { number: 443 }, hosts: ["*.local"], tls })).toEqual([
    "cluster1-cross-network spec.servers[0].port.number (443): AUTO_PASSTHROUGH on this port lets everyone who reaches it name any service of the mesh. " +
      "Move the server to port 15443, or give it another tls.mode.",
  ]);
});

test("a patch of a Gateway is no way around it", () => {
  const type = "kubernetes:networking.istio.io/v1beta1:GatewayPatch";
  const servers = [{ port: { number: 443 }, hosts: ["*.local"], tls }];
  expect(runOnResource(autoPassthrough, { type, props: { spec: { servers } } })).toHaveLength(1);
});

test.each(["*", "example.com", "*/*", "locale", "local"])("host %s is refused", (host) => {
  expect(gateway({ port: { number: 15443 }, hosts: ["*.local", host], tls })).toEqual([
    `cluster1-cross-network spec.servers[0].hosts[1] (${JSON.stringify(host)}): the gateway would let in what is not of the mesh (*.local). Use *.local.`,
  ]);
});

test("the hosts of the mesh are configurable", () => {
  const server = { port: { number: 15443 }, hosts: ["*.mesh.internal"], tls };
  expect(gateway(server)).toHaveLength(1);
  expect(gateway(server, { hosts: ["*.local", "*.mesh.internal"] })).toEqual([]);
});

test("other modes, Gateways without servers, and other kinds pass", () => {
  expect(gateway({ port: { number: 443 }, hosts: ["example.com"], tls: { mode: "SIMPLE" } })).toEqual([]);
  expect(gateway({ port: { number: 80 }, hosts: ["*"] })).toEqual([]);
  expect(runOnResource(autoPassthrough, { type: "kubernetes:networking.istio.io/v1:Gateway" })).toEqual([]);
  expect(
    runOnResource(autoPassthrough, {
      type: "kubernetes:gateway.networking.k8s.io/v1:Gateway",
      props: { spec: { servers: [{ tls }] } },
    }),
  ).toEqual([]);
});
