import { hostRoutes } from "../../../components/gateway/routes";

test("a host is a Gateway and a VirtualService, its longer paths matched first", () => {
  const route = { host: "hello.example", service: "helloworld.sample", port: 5000 };
  expect(
    hostRoutes(
      "cluster1",
      [
        { ...route, path: "/" },
        { ...route, path: "/hello", port: 5001 },
      ],
      false,
    ),
  ).toEqual([
    {
      host: "hello.example",
      name: "cluster1-hello.example",
      gateway: {
        selector: { istio: "ingressgateway" },
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["hello.example"] }],
      },
      virtualService: {
        hosts: ["hello.example"],
        gateways: ["cluster1-hello.example"],
        http: [
          {
            match: [{ uri: { prefix: "/hello" } }],
            route: [{ destination: { host: "helloworld.sample.svc.cluster.local", port: { number: 5001 } } }],
          },
          {
            match: [{ uri: { prefix: "/" } }],
            route: [{ destination: { host: "helloworld.sample.svc.cluster.local", port: { number: 5000 } } }],
          },
        ],
      },
    },
  ]);
});

test("hosts come in the order of their names, and a wildcard has a name that Kubernetes takes", () => {
  const route = { path: "/", service: "a.b", port: 80 };
  const names = hostRoutes(
    "c",
    [
      { ...route, host: "z.example" },
      { ...route, host: "*.example" },
    ],
    false,
  ).map(({ name }) => name);
  expect(names).toEqual(["c-any-of.example", "c-z.example"]);
});
