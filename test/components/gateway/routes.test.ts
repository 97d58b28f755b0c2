import fc from "fast-check";
import { hostRoutes } from "../../../components/gateway/routes";
import { clusterSchema } from "../../../mesh/schema";

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
      name: "cluster1-hello-example-3738118ac5",
      gateway: {
        selector: { istio: "ingressgateway" },
        servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["hello.example"] }],
      },
      virtualService: {
        hosts: ["hello.example"],
        gateways: ["cluster1-hello-example-3738118ac5"],
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

const namesOf = (member: string, hosts: string[]) => {
  const routes = hosts.map((host) => ({ host, path: "/", service: "a.b", port: 80 }));
  return hostRoutes(member, routes, false).map(({ name }) => name);
};

test("hosts come in the order of their names", () => {
  const hosts = ["z.example", "*.example", "a.example"];
  const route = { path: "/", service: "a.b", port: 80 };
  const routes = hosts.map((host) => ({ ...route, host }));
  expect(hostRoutes("c", routes, false).map(({ host }) => host)).toEqual([
    "*.example",
    "a.example",
    "z.example",
  ]);
});

test("a VirtualService names its own Gateway", () => {
  const routes = [{ host: "*.example", path: "/", service: "a.b", port: 80 }];
  const [only] = hostRoutes("c", routes, false);
  expect(only!.virtualService).toMatchObject({ gateways: [only!.name] });
});

describe("a name", () => {
  const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  /** Few words, so that hosts differ in what a name cannot keep: dots, dashes, the wildcard, what comes after 63 characters. */
  const word = fc.constantFrom("a", "b", "any", "a-b", "x".repeat(63), `${"x".repeat(62)}y`);
  const wild = fc.oneof(word, label, fc.constant("*"));
  const hosts = fc
    .tuple(wild, fc.array(fc.oneof(word, label), { minLength: 1, maxLength: 3 }))
    .map(([first, rest]) => [first, ...rest].join("."))
    .filter((host) => parses(host));
  const parses = (host: string) =>
    clusterSchema.safeParse({
      name: "a",
      ingress: { routes: [{ host, service: "a.b", port: 80 }] },
    }).success;
  const served = fc.tuple(fc.oneof(word, label), hosts);

  test("is a DNS label, which Istio wants of a Gateway, for every host that stack config allows", () => {
    fc.assert(
      fc.property(served, ([member, host]) => {
        expect(namesOf(member, [host])).toEqual([
          expect.stringMatching(/^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/),
        ]);
      }),
    );
  });

  test("is that of one member and one host alone", () => {
    fc.assert(
      fc.property(fc.uniqueArray(served, { selector: (pair) => pair.join("/"), maxLength: 50 }), (pairs) => {
        const names = pairs.flatMap(([member, host]) => namesOf(member, [host]));
        expect(new Set(names).size).toBe(pairs.length);
      }),
    );
  });

  test("stays, whatever else is served", () => {
    fc.assert(
      fc.property(served, fc.array(hosts), ([member, host], others) => {
        expect(namesOf(member, [...others, host])).toEqual(expect.arrayContaining(namesOf(member, [host])));
      }),
    );
    expect(namesOf("cluster1", ["helloworld.localhost"])).toEqual([
      "cluster1-helloworld-localhost-3afccb43e3",
    ]);
    expect(namesOf("cluster1", ["*.localhost"])).toEqual(["cluster1-any-localhost-0ef15e9c4a"]);
  });
});
