import fc from "fast-check";
import { draftOf } from "../../mesh/draft";
import { parseMesh } from "../../mesh/parse";
import { ConfigError } from "../../mesh/problems";
import { rules } from "../../mesh/rules";
import { now } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const DNS_LABEL = "a DNS-1123 label (lower-case letters, digits and '-', at most 63 characters)";

/** Problems of one right cluster with these keys. */
const inCluster = (more: object) => problemsOf({ clusters: [cluster("cluster1", more)] });
const inMesh = (mesh: unknown) => problemsOf({ mesh, clusters: [cluster("cluster1")] });

describe("a stack config with nothing but a cluster", () => {
  const [member] = parseMesh({ clusters: [cluster("cluster1")] }).members;

  it("is a mesh of one primary on its own network", () => {
    expect(member).toMatchObject({
      name: "cluster1",
      role: "primary",
      primary: "cluster1",
      network: "cluster1",
      istio: { version: "1.30.5", values: {} },
      remoteAccess: { generation: 1 },
      eastWest: { service: { type: "LoadBalancer" }, port: 15443 },
    });
  });
});

describe("defaults of the mesh", () => {
  it("reach the members, and the members' own win; Helm values are merged deeply", () => {
    const { members } = parseMesh({
      mesh: {
        istio: {
          version: "1.29.6",
          platform: "gke",
          values: { pilot: { cpu: 1, memory: 2 } },
          base: { values: { base: { excludedCRDs: [] } } },
        },
        remoteAccess: { generation: 3 },
      },
      clusters: [
        cluster("b", {
          network: "n",
          istio: { version: "1.30.5", platform: "k3s", values: { pilot: { cpu: 4 } } },
          remoteAccess: { generation: 5 },
        }),
        cluster("a"),
      ],
    });
    const base = { values: { base: { excludedCRDs: [] } } };
    const namespace = { adoptNamespace: false, namespaceLabels: {}, namespaceAnnotations: {} };
    expect(
      members.map(({ name, istio, remoteAccess, network }) => ({ name, istio, remoteAccess, network })),
    ).toEqual([
      {
        name: "a",
        network: "a",
        istio: {
          version: "1.29.6",
          revisions: [{ name: "default", version: "1.29.6" }],
          tags: {},
          platform: "gke",
          values: { pilot: { cpu: 1, memory: 2 } },
          base,
          ...namespace,
        },
        remoteAccess: { generation: 3, forRevoked: 0 },
      },
      {
        name: "b",
        network: "n",
        istio: {
          version: "1.30.5",
          revisions: [{ name: "default", version: "1.30.5" }],
          tags: {},
          platform: "k3s",
          values: { pilot: { cpu: 4, memory: 2 } },
          base,
          ...namespace,
        },
        remoteAccess: { generation: 5, forRevoked: 0 },
      },
    ]);
  });
});

it("addresses of a gateway are IP addresses or DNS names", () => {
  const addresses = [
    "10.0.0.3",
    "fd00::1",
    "gw",
    "GW.example.org",
    "a1b2.elb.eu-west-1.amazonaws.com",
    "3.example",
  ];
  const [member] = parseMesh({ clusters: [cluster("a", { eastWest: { addresses } })] }).members;
  expect(member!.eastWest.addresses).toEqual(addresses);
});

test("tokens live as long as the member says, or the mesh, or do not end", () => {
  const lifetimes = (mesh: object) =>
    parseMesh({
      mesh,
      clusters: [cluster("a"), cluster("b", { remoteAccess: { tokenLifetimeHours: 8 } })],
    }).members.map(({ remoteAccess }) => remoteAccess.tokenLifetimeHours);
  expect(lifetimes({})).toEqual([undefined, 8]);
  expect(lifetimes({ remoteAccess: { tokenLifetimeHours: 24 } })).toEqual([24, 8]);
  for (const wrong of [0, 0.5, 8761]) {
    expect(() => lifetimes({ remoteAccess: { tokenLifetimeHours: wrong } })).toThrow(
      "a whole number from 1 to 8760",
    );
  }
});

describe("tokens that are renewed by time", () => {
  const hour = 60 * 60 * 1000;
  const generations = (hours: number, at: number) =>
    parseMesh(
      {
        mesh: { remoteAccess: { renewEveryHours: hours } },
        clusters: [cluster("a"), cluster("b", { remoteAccess: { generation: 3 } })],
      },
      new Date(at),
    ).members.map(({ remoteAccess }) => remoteAccess.generation);

  it("have the generation that is written, raised by one with every span", () => {
    expect(generations(1, 0)).toEqual([1, 3]);
    expect(generations(1, hour - 1)).toEqual([1, 3]);
    expect(generations(1, hour)).toEqual([2, 4]);
    expect(generations(24, 25 * hour)).toEqual([2, 4]);
  });

  it("are renewed by an `up` that comes a whole span later, and once at most by those within one", () => {
    const span = fc.integer({ min: 1, max: 24 * 365 });
    const time = fc.integer({ min: 0, max: Date.UTC(2100) });
    fc.assert(
      fc.property(span, time, fc.nat(), (hours, at, later) => {
        const [before] = generations(hours, at);
        const within = later % (hours * hour);
        expect(generations(hours, at + hours * hour)).toEqual([before! + 1, before! + 3]);
        expect([before, before! + 1]).toContain(generations(hours, at + within)[0]);
      }),
    );
  });
});

it("the order of the list changes nothing but the paths in messages", () => {
  const clusters = ["a", "b", "c", "d"].map((name) =>
    cluster(name, name > "b" ? { role: "remote", primary: "a" } : {}),
  );
  const withoutPaths = (list: unknown[]) =>
    parseMesh({ clusters: list }).members.map((member) => ({ ...member, path: undefined }));
  fc.assert(
    fc.property(fc.shuffledSubarray(clusters, { minLength: 4 }), (shuffled) => {
      expect(withoutPaths(shuffled)).toEqual(withoutPaths(clusters));
    }),
  );
});

describe("what the schema refuses", () => {
  it("no clusters at all", () => {
    expect(problemsOf({})).toEqual([{ path: "weft:clusters", message: "Required: a list." }]);
    expect(problemsOf({ clusters: [] })).toEqual([
      { path: "weft:clusters", value: "(a list)", message: "Expected at least one cluster." },
    ]);
    expect(problemsOf({ clusters: "cluster1" })).toEqual([
      { path: "weft:clusters", value: "cluster1", message: "Expected a list." },
    ]);
  });

  it("a cluster that is not a map, and one without a name", () => {
    expect(problemsOf({ clusters: ["cluster1", null] })).toEqual([
      { path: "weft:clusters[0]", value: "cluster1", message: "Expected a map." },
      { path: "weft:clusters[1]", value: "null", message: "Expected a map." },
    ]);
    expect(problemsOf({ clusters: [{ context: "kind" }] })).toEqual([
      { path: "weft:clusters[0].name", message: `Required: ${DNS_LABEL}.` },
    ]);
  });

  it("a key it does not know, with the nearest one; the value is not shown", () => {
    expect(inCluster({ kubeConfig: "apiVersion: v1" })).toEqual([
      {
        path: "weft:clusters[0].kubeConfig",
        message:
          "Unknown key. Allowed here: addresses, apiServer, context, eastWest, ingress, istio, kubeconfig, kubeconfigPath, name, network, primary, reads, remoteAccess, role, trust.",
        remedy: "Did you mean `kubeconfig`?",
      },
    ]);
    expect(inMesh({ trust: { colour: "blue" } })).toEqual([
      {
        path: "weft:mesh.trust.colour",
        message:
          "Unknown key. Allowed here: algorithm, certManager, intermediateGeneration, intermediateLifetimeDays, mode, removing, revoked, root, rootLifetimeDays, roots.",
      },
    ]);
  });

  it("a key that belongs to another source of the root", () => {
    expect(inMesh({ trust: { root: { source: "generated", certificate: "x" } } })).toEqual([
      { path: "weft:mesh.trust.root.certificate", message: "Unknown key. Allowed here: algorithm, source." },
    ]);
  });

  it.each([
    [{ role: "Primary" }, "role", "Primary", "one of primary, remote", "Did you mean `primary`?"],
    [{ role: "slave" }, "role", "slave", "one of primary, remote"],
    [{ name: "Cluster_1" }, "name", "Cluster_1", DNS_LABEL],
    [
      { network: "-" },
      "network",
      "-",
      "a Kubernetes label value (letters, digits, '-', '_' and '.', at most 63 characters)",
    ],
    [
      { apiServer: "10.0.0.5:6443" },
      "apiServer",
      "10.0.0.5:6443",
      "an https URL such as https://10.0.0.5:6443",
    ],
    [
      { apiServer: "http://10.0.0.5" },
      "apiServer",
      "http://10.0.0.5",
      "an https URL such as https://10.0.0.5:6443",
    ],
    [{ apiServer: 5 }, "apiServer", "5", "an https URL such as https://10.0.0.5:6443, or a map"],
    [
      { apiServer: { url: "http://10.0.0.5" } },
      "apiServer.url",
      "http://10.0.0.5",
      "an https URL such as https://10.0.0.5:6443",
    ],
    [
      { apiServer: { url: "https://10.0.0.5", tlsServerName: "a b" } },
      "apiServer.tlsServerName",
      "a b",
      "a DNS name",
    ],
    [
      { apiServer: { url: "https://10.0.0.5", proxyUrl: "127.0.0.1:3128" } },
      "apiServer.proxyUrl",
      "(secret)",
      "the URL of a proxy: http, https or socks5",
    ],
    [
      { addresses: "10.0.0.9-10.0.0.1" },
      "addresses",
      "10.0.0.9-10.0.0.1",
      "an IPv4 range such as 10.89.1.200-10.89.1.220, or an IPv4 CIDR",
    ],
    [{ eastWest: { port: 0 } }, "eastWest.port", "0", "a whole number from 1 to 65535"],
    [{ eastWest: { port: "15443" } }, "eastWest.port", '"15443"', "a whole number from 1 to 65535"],
    [{ eastWest: { port: 1.5 } }, "eastWest.port", "1.5", "a whole number from 1 to 65535"],
    ...[
      "a b",
      "10.0.0.1:15443",
      "gw.example:15443",
      "10.0.0.300",
      "fe80::1%eth0",
      "-a.example",
      "a..example",
    ].map(
      (address) =>
        [
          { eastWest: { addresses: [address] } },
          "eastWest.addresses[0]",
          address,
          "an IP address or a DNS name; its port goes into `port`",
        ] as [object, string, string, string],
    ),
    [{ eastWest: { addresses: "10.0.0.1" } }, "eastWest.addresses", "10.0.0.1", "a list"],
    [
      { eastWest: { service: { type: "Loadbalancer" } } },
      "eastWest.service.type",
      "Loadbalancer",
      "one of LoadBalancer, NodePort, ClusterIP",
      "Did you mean `LoadBalancer`?",
    ],
    [
      { eastWest: { service: { loadBalancerSourceRanges: ["10.0.0.1"] } } },
      "eastWest.service.loadBalancerSourceRanges[0]",
      "10.0.0.1",
      "a CIDR such as 10.0.0.0/8",
    ],
    [
      { eastWest: { service: { annotations: { "example.com/type": ["x"] } } } },
      'eastWest.service.annotations["example.com/type"]',
      "(a list)",
      "text",
    ],
    [
      { istio: { version: "v1.30.5" } },
      "istio.version",
      "v1.30.5",
      "a version of three numbers such as 1.30.5, without a leading v",
    ],
    [
      { istio: { version: 1.3 } },
      "istio.version",
      "1.3",
      "a version of three numbers such as 1.30.5, without a leading v",
    ],
    [{ istio: { values: [] } }, "istio.values", "(a list)", "a map of Helm values"],
    [{ remoteAccess: { generation: 0 } }, "remoteAccess.generation", "0", "a whole number, 1 or more"],
    [{ context: "" }, "context", '""', "text"],
    [{ context: null }, "context", "null", "text"],
    [{ ingress: "yes" }, "ingress", "yes", "a map"],
    [
      { ingress: { routes: [{ host: "a.example", service: "web", port: 80 }] } },
      "ingress.routes[0].service",
      "web",
      "a Service as name.namespace",
    ],
    ...["short", "10.0.0.1", "a..example", "a.-b", "*", "a.*.example", `a.${"x".repeat(64)}`].map(
      (host) =>
        [
          { ingress: { routes: [{ host, service: "web.shop", port: 80 }] } },
          "ingress.routes[0].host",
          host,
          "a DNS name in lower case of two labels or more, the first of which may be '*'",
        ] as [object, string, string, string],
    ),
    [
      { ingress: { routes: [{ host: "a.example", path: "hello", service: "web.shop", port: 80 }] } },
      "ingress.routes[0].path",
      "hello",
      "a path that starts with /",
    ],
  ])("of a cluster: %j", (more, path, value, form, ...[remedy]: string[]) => {
    expect(inCluster(more)).toEqual([
      { path: `weft:clusters[0].${path}`, value, message: `Expected ${form}.`, ...(remedy && { remedy }) },
    ]);
  });

  it.each([
    [{ id: "Mesh 1" }, "id", "Mesh 1", DNS_LABEL],
    [{ istio: { revision: "r".repeat(57) } }, "istio.revision", "r".repeat(57), "at most 56 characters"],
    [{ mtls: "off" }, "mtls", "off", "one of strict, permissive"],
    [{ trustDomain: "Example.com" }, "trustDomain", "Example.com", "a DNS name in lower case"],
    [{ trust: { rootLifetimeDays: 0.5 } }, "trust.rootLifetimeDays", "0.5", "a whole number, 1 or more"],
    [{ remoteAccess: { allowLoopback: "yes" } }, "remoteAccess.allowLoopback", "yes", "true or false"],
    [
      { trust: { root: { source: "vault" } } },
      "trust.root.source",
      "vault",
      "one of generated, certManager, provided",
    ],
    [
      { istio: { charts: { repository: "charts.example" } } },
      "istio.charts.repository",
      "charts.example",
      "an http or https URL",
    ],
    [
      { istio: { charts: { oci: "https://charts.example" } } },
      "istio.charts.oci",
      "https://charts.example",
      "a URL such as oci://registry.example/istio/charts",
    ],
    [
      { istio: { charts: { path: "charts", oci: "oci://charts.example" } } },
      "istio.charts",
      "(a map)",
      "exactly one of the keys `repository`, `oci`, `path`",
    ],
    [
      { istio: { charts: "./charts" } },
      "istio.charts",
      "./charts",
      "exactly one of the keys `repository`, `oci`, `path`",
    ],
  ])("of the mesh: %j", (mesh, path, value, form) => {
    expect(inMesh(mesh)).toEqual([{ path: `weft:mesh.${path}`, value, message: `Expected ${form}.` }]);
  });

  it("the wrong way into a management cluster that is no member", () => {
    const at = "weft:mesh.membership.management";
    expect(inMesh({ membership: { management: 5.5 } })).toEqual([
      { path: at, value: "5.5", message: "Expected the name of a member, or a map." },
    ]);
    expect(inMesh({ membership: { management: { kubeConfig: "apiVersion: v1" } } })).toEqual([
      {
        path: `${at}.kubeConfig`,
        message: "Unknown key. Allowed here: context, kubeconfig, kubeconfigPath.",
        remedy: "Did you mean `kubeconfig`?",
      },
    ]);
    expect(inMesh({ membership: { management: { kubeconfig: ["secret"] } } })).toEqual([
      {
        path: `${at}.kubeconfig`,
        value: "(secret)",
        message: "Expected the contents of a kubeconfig, as text or as a map.",
      },
    ]);
  });

  it("a root without a source", () => {
    expect(inMesh({ trust: { root: {} } })).toEqual([
      { path: "weft:mesh.trust.root.source", message: "Required: one of generated, certManager, provided." },
    ]);
  });
});

describe("secrets", () => {
  const secret = "c2VjcmV0LWRvLW5vdC1zaG93";

  it.each([
    ["kubeconfig", { kubeconfig: 42 }],
    ["kubeconfig", { kubeconfig: [secret] }],
    ["kubeconfig", { kubeconfig: null }],
    ["trust.intermediate.key", { trust: { intermediate: { certificate: pem("CERTIFICATE"), key: secret } } }],
    [
      "trust.intermediate.key",
      { trust: { intermediate: { certificate: pem("CERTIFICATE"), key: [secret] } } },
    ],
  ])("%s is not shown, whatever its type: %#", (path, more) => {
    const problems = problemsOf({
      mesh: { trust: { mode: "federated" } },
      clusters: [{ ...cluster("a"), ...more }],
    });
    expect(problems.find((problem) => problem.path === `weft:clusters[0].${path}`)).toMatchObject({
      value: "(secret)",
    });
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  it("the key of a root is not shown, nor that of a root whose source is not known", () => {
    const roots = [
      { name: "a", source: "provided", certificate: pem("CERTIFICATE"), key: secret },
      { name: "b", certificate: secret, key: secret },
      { name: "c", source: "generated", key: secret },
    ];
    const problems = inMesh({ trust: { roots } });
    expect(problems.map(({ path }) => path)).toContain("weft:mesh.trust.roots[0].key");
    expect(JSON.stringify(problems)).not.toContain(secret);
  });

  it("a secret under the wrong key is not shown: it has many lines, or is long", () => {
    const kubeconfig = `apiVersion: v1\nusers: [{user: {token: ${secret}}}]\n`;
    const token = secret.repeat(10);
    expect(inCluster({ network: kubeconfig })[0]!.value).toBe(`(a text of ${kubeconfig.length} characters)`);
    expect(inCluster({ apiServer: token })[0]!.value).toBe(`(a text of ${token.length} characters)`);
    expect(inCluster({ apiServer: `http://admin:${secret}@host` })[0]!.value).toBe(
      "(a URL with credentials)",
    );
  });

  function pem(label: string) {
    return `-----BEGIN ${label}-----\nAAAA\n-----END ${label}-----\n`;
  }
});

describe("what `pulumi config set --path` stores as numbers and booleans", () => {
  it("is text where text is meant", () => {
    const { members, config } = parseMesh({
      mesh: { istio: { tag: 20260101 } },
      clusters: [
        {
          name: 1,
          context: 7,
          network: 2,
          eastWest: { service: { annotations: { "example.com/internal": true, "example.com/timeout": 60 } } },
        },
        { name: "r", context: "kind-r", role: "remote", primary: 1 },
      ],
    });
    expect(config.istio.tag).toBe("20260101");
    expect(members.map(({ name, network, primary }) => [name, network, primary])).toEqual([
      ["1", "2", "1"],
      ["r", "r", "1"],
    ]);
    expect(members[0]!.eastWest.service.annotations).toEqual({
      "example.com/internal": "true",
      "example.com/timeout": "60",
    });
  });

  it("does not change what was given", () => {
    const input = { clusters: [{ name: 1, context: "kind" }] };
    parseMesh(input);
    expect(input).toEqual({ clusters: [{ name: 1, context: "kind" }] });
  });

  it("is refused where it is no text and no such value either", () => {
    expect(inMesh({ mtls: true })).toEqual([
      { path: "weft:mesh.mtls", value: "true", message: "Expected one of strict, permissive." },
    ]);
    expect(inCluster({ eastWest: { port: true } })).toEqual([
      {
        path: "weft:clusters[0].eastWest.port",
        value: "true",
        message: "Expected a whole number from 1 to 65535.",
      },
    ]);
  });
});

/** Notes which of its keys are looked at. */
function watched<T extends object>(target: T, seen: Set<PropertyKey>): T {
  return new Proxy(target, {
    get: (of, key) => {
      seen.add(key);
      return Reflect.get(of, key) as unknown;
    },
  });
}

describe("all mistakes at once", () => {
  const input = {
    mesh: { mtls: "off" },
    clusters: [cluster("a", { rol: "remote" }), cluster("b", { role: "remote", primary: "c" }), cluster("b")],
  };

  it("those of the schema, and those across keys of the parts that parse", () => {
    expect(problemsOf(input).map(({ path }) => path)).toEqual([
      "weft:mesh.mtls",
      "weft:clusters[0].rol",
      "weft:clusters[2].name",
      "weft:clusters[1].primary",
    ]);
  });

  const paths = (mesh: object, clusters = [cluster("a"), cluster("b")]) =>
    problemsOf({ mesh, clusters })
      .map(({ path }) => path)
      .sort();

  it("a mistake in one key of the mesh hides nothing that is wrong with the others", () => {
    expect(
      paths({
        mtls: "off",
        nonsense: true,
        trust: { intermediateLifetimeDays: 9999 },
        telemetry: { selector: {} },
        membership: { management: "c" },
      }),
    ).toEqual([
      "weft:mesh.membership.management",
      "weft:mesh.mtls",
      "weft:mesh.nonsense",
      "weft:mesh.telemetry.selector",
      "weft:mesh.trust.intermediateLifetimeDays",
    ]);
  });

  it("what does not parse is not judged by what would hold without it", () => {
    const local = { apiServer: "https://127.0.0.1:6443" };
    const clusters = [cluster("a", local), cluster("b", local)];
    const remoteAccess = { allowLoopback: true };
    expect(paths({ remoteAccess, mtls: "off" }, clusters)).toEqual(["weft:mesh.mtls"]);
    expect(paths({ remoteAccess: { ...remoteAccess, generation: "two" } }, clusters)).toEqual([
      "weft:mesh.remoteAccess.generation",
    ]);
    expect(paths({}, clusters)).toEqual(["weft:clusters[0].apiServer", "weft:clusters[1].apiServer"]);
    expect(problemsOf({ mesh: "text", clusters }).map(({ path }) => path)).toEqual(["weft:mesh"]);
  });

  it("whatever a key holds, the others are as they were written", () => {
    const whole = {
      id: "one",
      mtls: "permissive",
      trustDomain: "example.com",
      remoteAccess: { generation: 3 },
    };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(whole)), fc.anything(), (key, value) => {
        const { mesh, unparsed } = draftOf({ mesh: { ...whole, [key]: value }, clusters: [] }, now);
        const others = Object.fromEntries(Object.entries(whole).filter(([other]) => other !== key));
        expect(mesh.config).toMatchObject(others);
        expect([...unparsed].filter((other) => other !== key)).toEqual([]);
      }),
    );
  });

  it("a mistake in one key of an entry hides nothing that is wrong with the others", () => {
    const mistyped = { eastWest: { port: "many" } };
    expect(
      paths({}, [
        cluster("a", mistyped),
        cluster("a", mistyped),
        cluster("r", { role: "remote", primary: "z", ...mistyped }),
        { name: "b", ...mistyped } as never,
      ]),
    ).toEqual([
      "weft:clusters[0].eastWest.port",
      "weft:clusters[1].eastWest.port",
      "weft:clusters[1].name",
      "weft:clusters[2].eastWest.port",
      "weft:clusters[2].primary",
      "weft:clusters[3]",
      "weft:clusters[3].eastWest.port",
    ]);
  });

  it("what does not parse of an entry is not judged by its default, nor is what was meant by a key that is not known", () => {
    const remote = { primary: "a", role: "remot" };
    expect(paths({}, [cluster("a"), cluster("b", remote)])).toEqual(["weft:clusters[1].role"]);
    expect(paths({}, [cluster("a"), { name: "b", contex: "kind-b" } as never])).toEqual([
      "weft:clusters[1].contex",
    ]);
    const service = { type: "NodePort", typo: 1 };
    expect(paths({}, [cluster("a", { eastWest: { service } }), cluster("b")])).toEqual([
      "weft:clusters[0].eastWest.service.typo",
    ]);
  });

  it("every rule says which keys of the mesh and of the entries it looks at", () => {
    const mesh = {
      telemetry: { accessLogging: [{ providers: [{ name: "otel" }] }] },
      loadBalancer: {},
      sample: {},
      membership: { management: "a" },
      remoteAccess: { renewEveryHours: 24 },
      trust: { root: { source: "certManager" }, certManager: { cluster: "a" } },
    };
    const entries = [
      cluster("a", { ingress: { namespace: "sample" }, apiServer: "https://127.0.0.1:6443" }),
      cluster("b", { role: "remote", primary: "a", ingress: {} }),
    ];
    const drafts = [
      draftOf({ mesh, clusters: entries }, now),
      draftOf({ mesh: { trust: { mode: "federated" } }, clusters: entries }, now),
    ];
    const unsaid = rules.flatMap(({ problems, reads, ofEntries }) => {
      const [ofMesh, ofEntry] = [new Set<PropertyKey>(), new Set<PropertyKey>()];
      for (const draft of drafts) {
        const config = watched(draft.mesh.config, ofMesh);
        const members = draft.mesh.members.map((member) => watched(member, ofEntry));
        const clusters = draft.clusters.map((entry) => ({
          ...entry,
          cluster: watched(entry.cluster, ofEntry),
        }));
        problems({ ...draft, mesh: { ...draft.mesh, config, members }, clusters });
      }
      const said: PropertyKey[] = ["name", "path", ...ofEntries];
      return [
        ...[...ofMesh].filter((key) => !(reads as PropertyKey[]).includes(key)),
        ...[...ofEntry].filter((key) => !said.includes(key)),
      ].map((key) => `${problems.name}: ${String(key)}`);
    });
    expect(unsaid).toEqual([]);
  });

  it("as a text of one paragraph each", () => {
    expect(() => parseMesh(input)).toThrow(ConfigError);
    expect(() => parseMesh(input)).toThrow(
      new Error(
        `4 problems; nothing was changed.

weft:mesh.mtls = off
  Expected one of strict, permissive.

weft:clusters[0].rol
  Unknown key. Allowed here: addresses, apiServer, context, eastWest, ingress, istio, kubeconfig, kubeconfigPath, name, network, primary, reads, remoteAccess, role, trust.
  Did you mean \`role\`?

weft:clusters[2].name = b
  weft:clusters[1] has the same name.
  Give each member a name of its own.

weft:clusters[1].primary = c
  No member has this name, and b is to be served by it.
  Did you mean \`b\`? Primaries: b.`,
      ),
    );
  });
});

it("never fails otherwise than by a ConfigError, whatever is written", () => {
  fc.assert(
    fc.property(fc.anything(), fc.array(fc.anything(), { maxLength: 3 }), (mesh, clusters) => {
      expect(Array.isArray(problemsOf({ mesh, clusters }))).toBe(true);
    }),
  );
});
