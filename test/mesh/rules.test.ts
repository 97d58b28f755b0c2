import { parseMesh } from "../../mesh/parse";
import { authority, type Authority } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const a = cluster("a");
const b = cluster("b");
const remote = (name: string, primary?: string, more: object = {}) =>
  cluster(name, { role: "remote", primary, ...more });

describe("names", () => {
  it("are not given twice, even where an entry is wrong otherwise", () => {
    expect(problemsOf({ clusters: [a, b, { ...a, rol: 1 }] })).toContainEqual({
      path: "weft:clusters[2].name",
      value: "a",
      message: "weft:clusters[0] has the same name.",
      remedy: "Give each member a name of its own.",
    });
  });
});

describe("charts", () => {
  const charts = (source: object) => problemsOf({ mesh: { istio: { charts: source } }, clusters: [a] });
  const repository = "https://charts.example/istio";
  const oci = "oci://registry.example/istio";

  it("of a private repository have a user and a password, as text or in the environment", () => {
    const password = { valueFrom: { env: "CHARTS_PASSWORD" } };
    expect(charts({ repository, username: "reader", password: "s3cr3t" })).toEqual([]);
    expect(charts({ repository, username: "reader", password })).toEqual([]);
    expect(charts({ repository, password })).toEqual([
      {
        path: "weft:mesh.istio.charts.username",
        message: "Required, because there is a password: Helm sends both or none.",
        remedy:
          "`pulumi config set --secret --path 'weft:mesh.istio.charts.username'`, or `valueFrom: {env: …}`.",
      },
    ]);
  });

  it("have no credentials in their URL, and none are shown", () => {
    for (const [key, url, remedy] of [
      ["repository", "https://me:s3cr3t@charts.example/istio", "weft:mesh.istio.charts.password"],
      ["oci", "oci://me:s3cr3t@registry.example/istio", "helm registry login registry.example"],
    ] as const) {
      const [problem, ...others] = charts({ [key]: url });
      expect(problem).toMatchObject({
        path: `weft:mesh.istio.charts.${key}`,
        value: "(a URL with credentials)",
      });
      expect(problem?.remedy).toContain(remedy);
      expect(others).toEqual([]);
      expect(JSON.stringify(problem)).not.toContain("s3cr3t");
    }
  });

  it("of a registry have none at all, because the provider would not use them", () => {
    expect(charts({ oci })).toEqual([]);
    expect(charts({ oci, username: "reader", password: "s3cr3t" })).toMatchObject([
      {
        path: "weft:mesh.istio.charts.username",
        remedy: expect.stringContaining("helm registry login registry.example") as string,
      },
    ]);
  });

  it("do not show a credential that is of the wrong form", () => {
    const problems = [{ value: "s3cr3t" }, ["s3cr3t"], { valueFrom: { env: "$s3cr3t" } }].flatMap(
      (password) => charts({ repository, username: "reader", password }),
    );
    expect(problems.length).toBeGreaterThan(2);
    expect(JSON.stringify(problems)).not.toContain("s3cr3t");
  });

  it("of MetalLB are held to the same", () => {
    const loadBalancer = { network: "kind", charts: { repository, password: "s3cr3t" } };
    expect(problemsOf({ mesh: { loadBalancer }, clusters: [cluster("a1")] })).toMatchObject([
      { path: "weft:mesh.loadBalancer.charts.username" },
    ]);
  });
});

describe("roles", () => {
  it("a remote names its primary", () => {
    expect(problemsOf({ clusters: [b, a, remote("r")] })).toEqual([
      {
        path: "weft:clusters[2].primary",
        message: "Required: the name of the primary that serves this remote.",
        remedy: "Primaries: a, b.",
      },
    ]);
  });

  it("a remote's primary is a member, or becomes none: a primary that still serves remotes cannot leave", () => {
    expect(problemsOf({ clusters: [a, b, remote("r", "gone")] })).toEqual([
      {
        path: "weft:clusters[2].primary",
        value: "gone",
        message: "No member has this name, and r is to be served by it.",
        remedy: "Primaries: a, b.",
      },
    ]);
    expect(problemsOf({ clusters: [cluster("east-1"), remote("r", "eats-1")] })).toEqual([
      {
        path: "weft:clusters[1].primary",
        value: "eats-1",
        message: "No member has this name, and r is to be served by it.",
        remedy: "Did you mean `east-1`? Primaries: east-1.",
      },
    ]);
  });

  it("a remote's primary is not said to be missing where its entry only does not parse", () => {
    expect(
      problemsOf({ clusters: [cluster("a", { rol: 1 }), remote("r", "a")] }).map(({ path }) => path),
    ).toEqual(["weft:clusters[0].rol"]);
  });

  it("a remote's primary is not a remote, nor the remote itself", () => {
    const isRemote = {
      message: "This member is a remote itself and runs no istiod.",
      remedy: "Primaries: a.",
    };
    expect(problemsOf({ clusters: [a, remote("r", "r"), remote("s", "r")] })).toEqual([
      { path: "weft:clusters[1].primary", value: "r", ...isRemote },
      { path: "weft:clusters[2].primary", value: "r", ...isRemote },
    ]);
  });

  it("a primary names none", () => {
    expect(problemsOf({ clusters: [a, cluster("b", { primary: "a" })] })).toEqual([
      {
        path: "weft:clusters[1].primary",
        value: "a",
        message: "Only a remote names a primary, and this member is a primary itself.",
        remedy: "Remove the key, or set `role: remote`.",
      },
    ]);
  });

  it("there is a primary", () => {
    expect(problemsOf({ clusters: [remote("r", "r")] })).toContainEqual({
      path: "weft:clusters",
      message: "No member is a primary, so nothing runs istiod.",
      remedy: "Leave `role` out of at least one of them.",
    });
  });
});

describe("reading", () => {
  const reading = (name: string, ...reads: string[]) => cluster(name, { reads });
  const inGroups = (groups: object, clusters: object[]) => problemsOf({ mesh: { groups }, clusters });

  it("is of members by their names, and not of oneself", () => {
    expect(problemsOf({ clusters: [reading("alpha", "alpha", "betta"), cluster("beta")] })).toEqual([
      {
        path: "weft:clusters[0].reads[1]",
        value: "betta",
        message: "No member has this name.",
        remedy: "Did you mean `beta`?",
      },
      {
        path: "weft:clusters[0].reads[0]",
        value: "alpha",
        message: "This is the member itself, whose own cluster its istiod reads in any case.",
        remedy: "Remove it.",
      },
    ]);
    expect(inGroups({ eu: ["a", "zzz"] }, [a])).toEqual([
      { path: "weft:mesh.groups.eu[1]", value: "zzz", message: "No member has this name." },
    ]);
  });

  it("is of groups in a map of lists", () => {
    const form = "Expected a map of lists of names, whose keys are DNS-1123 labels, such as eu: [a, b].";
    expect(inGroups(["a"] as object, [a])).toMatchObject([{ path: "weft:mesh.groups", message: form }]);
    expect(inGroups({ "E U": ["a"] }, [a])).toMatchObject([{ path: "weft:mesh.groups", message: form }]);
    expect(inGroups({ eu: "a" }, [a])).toMatchObject([
      { path: "weft:mesh.groups.eu", message: "Expected a list." },
    ]);
  });

  it("is not of a remote's own", () => {
    expect(problemsOf({ clusters: [a, remote("r", "a", { reads: ["a"] })] })).toEqual([
      {
        path: "weft:clusters[1].reads",
        message: "This member is a remote and runs no istiod: that of a reads for it.",
        remedy: "Remove it, or move it to a.",
      },
    ]);
  });

  it("of a member that is in none of the groups is said by `reads`", () => {
    expect(inGroups({ eu: ["a", "b"] }, [a, b, cluster("c")])).toEqual([
      {
        path: "weft:clusters[2]",
        value: "c",
        message: "It is in no group of `weft:mesh.groups`, so it would read nobody.",
        remedy: "Add it to one (a member that is found, by label weft.dev/group), or give it `reads`.",
      },
    ]);
    expect(inGroups({ eu: ["a", "b"] }, [a, b, reading("c")])).toEqual([]);
  });

  it("includes a primary's own remotes", () => {
    expect(problemsOf({ clusters: [reading("a", "b"), b, remote("r", "a")] })).toEqual([
      {
        path: "weft:clusters[0].reads",
        value: "b",
        message: "a serves r, and does not read it: nothing there would be injected.",
        remedy: "Add r to the list.",
      },
    ]);
    expect(inGroups({ eu: ["a", "b"], us: ["r", "b"] }, [a, b, remote("r", "a")])).toEqual([
      {
        path: "weft:mesh.groups",
        message: "a serves r, and does not read it: nothing there would be injected.",
        remedy: "Add r to a group that a is in.",
      },
    ]);
    expect(inGroups({ eu: ["a", "b", "r"] }, [a, b, remote("r", "a")])).toEqual([]);
  });

  describe("in federated trust", () => {
    const federated = { trust: { mode: "federated" } };
    const trusting = (name: string, trusts: string[], more: object = {}) =>
      cluster(name, { trust: { trusts }, ...more });

    it("needs trust on both sides, and says once which is missing", () => {
      expect(
        problemsOf({ mesh: federated, clusters: [cluster("a", { reads: ["b"] }), trusting("b", [])] }),
      ).toEqual([
        {
          path: "weft:clusters[0].reads",
          value: "b",
          message:
            "Workloads of b answer those of a, and b does not trust the root of a: mutual TLS between them would fail.",
          remedy: "Add a to weft:clusters[1].trust.trusts, or let a not read what leads to b.",
        },
      ]);
      const groups = { both: ["a", "b"] };
      expect(problemsOf({ mesh: { ...federated, groups }, clusters: [a, trusting("b", [])] })).toMatchObject([
        { path: "weft:mesh.groups", value: "b" },
      ]);
      expect(
        problemsOf({ mesh: federated, clusters: [cluster("a", { reads: ["b"] }), trusting("b", ["a"])] }),
      ).toEqual([]);
    });

    it("needs it of those to which a gateway hands on, too", () => {
      const [one, two, three] = [
        trusting("a", ["b"], { network: "n", reads: ["b"] }),
        cluster("b", { network: "n", reads: ["a"] }),
        cluster("c", { network: "m", reads: ["b"] }),
      ];
      expect(problemsOf({ mesh: federated, clusters: [one, two, three] })).toEqual([
        {
          path: "weft:clusters[2].reads",
          value: "a",
          message:
            "Workloads of a answer those of c through another's gateway, and a does not trust the root of c: mutual TLS between them would fail.",
          remedy: "Add c to weft:clusters[0].trust.trusts, or let c not read what leads to a.",
        },
      ]);
    });

    it("is as it was where everybody reads everybody", () => {
      expect(problemsOf({ mesh: federated, clusters: [a, b, trusting("c", ["a"])] })).toEqual([]);
    });
  });
});

describe("access", () => {
  it("a kubeconfig is given once, or found by a context", () => {
    const kubeconfig = "apiVersion: v1\n";
    const clusters = [
      { name: "a", kubeconfig, kubeconfigPath: "~/.kube/config" },
      { name: "b" },
      { name: "c", kubeconfig, context: "kind-c" },
      { name: "d", kubeconfigPath: "d.yaml", context: "kind-d" },
    ];
    expect(problemsOf({ clusters })).toEqual([
      {
        path: "weft:clusters[0].kubeconfigPath",
        value: "~/.kube/config",
        message: "`kubeconfig` is given as well.",
        remedy: "Keep one of the two.",
      },
      {
        path: "weft:clusters[1]",
        value: "b",
        message: "Nothing says how to reach this cluster.",
        remedy: "Give it `context`, `kubeconfigPath` or the secret `kubeconfig`.",
      },
    ]);
  });

  it("an API server that peers read is not on a loopback address", () => {
    const local = cluster("b", { apiServer: "https://127.0.0.1:6443" });
    expect(problemsOf({ clusters: [cluster("c"), a, local] })).toEqual([
      {
        path: "weft:clusters[2].apiServer",
        value: "https://127.0.0.1:6443",
        message: "A loopback address: from a, c it does not lead to the API server of b.",
        remedy: "Set it to the URL at which the API server is reached from the other clusters.",
      },
    ]);
  });

  it("an API server's address carries no credentials, neither alone nor in a map", () => {
    const url = "https://admin:s3cr3t@10.0.0.5:6443";
    const problem = {
      message: "The URL carries a user name or a password.",
      remedy: "Leave them out: the peers show a token that Weft gives them.",
    };
    const clusters = [cluster("a", { apiServer: url }), cluster("b", { apiServer: { url } })];
    expect(problemsOf({ clusters })).toEqual([
      { path: "weft:clusters[0].apiServer", ...problem },
      { path: "weft:clusters[1].apiServer", ...problem },
    ]);
    expect(problemsOf({ clusters: [cluster("a", { apiServer: "https://admin@10.0.0.5" })] })).toHaveLength(1);
  });

  it("the CA by which peers know an API server is one, in PEM or base64, and no key", async () => {
    const ca = await authority("CA");
    const given = (caData: string) =>
      problemsOf({ clusters: [a, cluster("b", { apiServer: { url: "https://10.0.0.5", caData } })] });
    const path = "weft:clusters[1].apiServer.caData";
    const unreadable = {
      path,
      message: "Not a certificate: the PEM cannot be read.",
      remedy: "`kubectl config view --raw` shows one in base64, as `certificate-authority-data`.",
    };
    expect(given("Q0E=")).toEqual([unreadable]);
    expect(given("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")).toEqual([unreadable]);
    expect(given(ca.certificate)).toEqual([]);
    expect(given(Buffer.from(ca.certificate).toString("base64"))).toEqual([]);
    expect(given(`${ca.certificate}\n${ca.key}`)).toEqual([
      {
        path,
        message: "Holds a private key as well, and what stands here is given to the peers.",
        remedy: "Keep the CERTIFICATE blocks alone.",
      },
    ]);
  });

  it("a proxy by which peers reach an API server is not on a loopback address", () => {
    const apiServer = { url: "https://east.internal", proxyUrl: "http://me:s3cr3t@127.0.0.1:3128" };
    expect(problemsOf({ clusters: [a, cluster("b", { apiServer })] })).toEqual([
      {
        path: "weft:clusters[1].apiServer.proxyUrl",
        message: "A loopback address: from a it does not lead to a proxy.",
        remedy: "Set it to the URL at which the proxy is reached from the other clusters.",
      },
    ]);
    const allowed = { remoteAccess: { allowLoopback: true } };
    expect(problemsOf({ mesh: allowed, clusters: [a, cluster("b", { apiServer })] })).toEqual([]);
  });

  it("a loopback API server is right where nobody reads it, and where it is allowed", () => {
    const local = cluster("a", { apiServer: "https://127.0.0.1:6443" });
    expect(problemsOf({ clusters: [local] })).toEqual([]);
    expect(problemsOf({ clusters: [local, remote("r", "a")] })).toEqual([]);
    expect(problemsOf({ mesh: { remoteAccess: { allowLoopback: true } }, clusters: [local, b] })).toEqual([]);
  });

  it("a management cluster that is no member says how it is reached", () => {
    expect(problemsOf({ mesh: { membership: { management: { context: "mgmt" } } }, clusters: [a] })).toEqual(
      [],
    );
    expect(problemsOf({ mesh: { membership: { management: {} } }, clusters: [a] })).toEqual([
      {
        path: "weft:mesh.membership.management",
        value: "management",
        message: "Nothing says how to reach this cluster.",
        remedy: "Give it `context`, `kubeconfigPath` or the secret `kubeconfig`.",
      },
    ]);
  });

  it("a management cluster that is named is in the list", () => {
    expect(
      problemsOf({ mesh: { membership: { management: "mgmt-1" } }, clusters: [cluster("mgmt")] }),
    ).toEqual([
      {
        path: "weft:mesh.membership.management",
        value: "mgmt-1",
        message: "No entry of `weft:clusters` has this name.",
      },
    ]);
  });
});

describe("gateways", () => {
  const gateway = (service: object, more: object = {}) => ({ eastWest: { service, ...more } });

  it("need addresses where they have no load balancer, and only where other networks need them", () => {
    const without = cluster("b", gateway({ type: "ClusterIP" }));
    const problem = {
      path: "weft:clusters[1].eastWest.addresses",
      message:
        "Required: other clusters need an address of this gateway, and a Service of type ClusterIP has none for them.",
      remedy:
        "List the IP addresses or DNS names that lead to it, or set `eastWest.service.type: LoadBalancer`.",
    };
    expect(problemsOf({ clusters: [a, without] })).toEqual([problem]);
    expect(
      problemsOf({
        clusters: [
          { ...a, network: "n" },
          { ...without, network: "n" },
        ],
      }),
    ).toEqual([]);
    expect(
      problemsOf({ clusters: [remote("r", "b", { network: "n" }), { ...without, network: "n" }] }),
    ).toEqual([problem]);
    expect(problemsOf({ clusters: [without] })).toEqual([]);
  });

  it("need a node port of the cluster's range with NodePort", () => {
    const addresses = ["10.0.0.1"];
    expect(
      problemsOf({ clusters: [a, cluster("b", gateway({ type: "NodePort" }, { addresses, port: 30443 }))] }),
    ).toEqual([]);
    expect(problemsOf({ clusters: [a, cluster("b", gateway({ type: "NodePort" }, { addresses }))] })).toEqual(
      [
        {
          path: "weft:clusters[1].eastWest.port",
          value: "15443",
          message:
            "With `type: NodePort` this is the node port, and 15443 is outside the range of node ports.",
          remedy: "Set it to a free port of the cluster's range, which is 30000-32767 unless it was changed.",
        },
      ],
    );
  });

  it("have source ranges only with a load balancer, which enforces them", () => {
    const service = { type: "NodePort", loadBalancerSourceRanges: ["10.0.0.0/8", "fd00::/8"] };
    expect(problemsOf({ clusters: [cluster("a", { ...gateway(service), ingress: { service } })] })).toEqual(
      ["eastWest", "ingress"].map((key) => ({
        path: `weft:clusters[0].${key}.service.loadBalancerSourceRanges`,
        value: "10.0.0.0/8, fd00::/8",
        message:
          "Kubernetes does not enforce source ranges on a Service of type NodePort: everyone would get in.",
        remedy: "Remove them, or set `type: LoadBalancer`.",
      })),
    );
  });

  it("of a primary have an IPv6 address only for remotes whose charts know it", () => {
    const primary = cluster("a", gateway({ type: "ClusterIP" }, { addresses: ["fd00::1"] }));
    const old = remote("r", "a", { istio: { version: "1.29.6" } });
    expect(problemsOf({ clusters: [primary, remote("s", "a"), old] })).toEqual([
      {
        path: "weft:clusters[0].eastWest.addresses[0]",
        value: "fd00::1",
        message: "Istio's charts know an IPv6 address of a primary from 1.30 on; older: r.",
        remedy: "Put an IPv4 address first, or raise `istio.version` of these remotes.",
      },
    ]);
  });

  it("of ingress fix node ports only with NodePort, each once", () => {
    const nodePorts = { http: 30080, https: 30443 };
    expect(problemsOf({ clusters: [cluster("a", { ingress: { service: { nodePorts } } })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.service.nodePorts",
        message: "Node ports are fixed only with `type: NodePort`, and the type is LoadBalancer.",
        remedy: "Remove them, or set `type: NodePort`.",
      },
    ]);
    const twice = { type: "NodePort", nodePorts: { http: 30080, https: 30080 } };
    const eastWest = { service: { type: "NodePort" }, port: 30443, addresses: ["10.0.0.1"] };
    const alike = { service: { type: "NodePort", nodePorts } };
    expect(problemsOf({ clusters: [cluster("a", { ingress: { service: twice } })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.service.nodePorts.https",
        value: "30080",
        message: "`http` of this member is the same node port.",
        remedy: "Choose another.",
      },
    ]);
    expect(problemsOf({ clusters: [cluster("a", { ingress: alike, eastWest })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.service.nodePorts.https",
        value: "30443",
        message: "`eastWest.port` of this member is the same node port.",
        remedy: "Choose another.",
      },
    ]);
  });

  it("take values of the chart, but none that the mesh needs, of the mesh and of a member", () => {
    const eastWest = {
      values: {
        rbac: { enabled: true },
        env: { ISTIO_META_REQUESTED_NETWORK_VIEW: "n" },
        labels: { "topology.istio.io/network": "n", team: "mesh" },
        service: { ports: [], externalTrafficPolicy: "Local" },
      },
    };
    const ingress = { values: { service: null, kind: "DaemonSet", revision: "canary" } };
    const message = "Weft sets this value: it defines the mesh.";
    expect(problemsOf({ mesh: { eastWest }, clusters: [cluster("a", { ingress })] })).toEqual([
      {
        path: "weft:mesh.eastWest.values.service.ports",
        message,
        remedy: "Weft opens the ports that the mesh needs.",
      },
      {
        path: 'weft:mesh.eastWest.values.labels["topology.istio.io/network"]',
        message,
        remedy: "It is the member's `network`.",
      },
      {
        path: "weft:mesh.eastWest.values.env.ISTIO_META_REQUESTED_NETWORK_VIEW",
        message,
        remedy: "It is the member's `network`.",
      },
      {
        path: "weft:mesh.eastWest.values.rbac.enabled",
        message,
        remedy: "In its namespace is the CA's key, which the gateway must not read.",
      },
      {
        path: "weft:clusters[0].ingress.values.service",
        value: "null",
        message: "Expected a map.",
      },
      {
        path: "weft:clusters[0].ingress.values.revision",
        message,
        remedy: "Set `weft:mesh.istio.revision`.",
      },
      {
        path: "weft:clusters[0].ingress.values.service",
        message,
        remedy: "Give it a map: Weft sets values in it.",
      },
    ]);
  });

  it("refuse values that their chart does not know, before an `up` meets them", () => {
    const values = {
      replicaCuont: 2,
      autoscaling: { enabled: "yes", minReplicas: 2, autoscaleBehavior: {} },
      service: { ipFamilies: ["v4"] },
    };
    expect(problemsOf({ clusters: [cluster("a", { eastWest: { values } })] })).toEqual([
      {
        path: "weft:clusters[0].eastWest.values.autoscaling.enabled",
        value: "yes",
        message: "Expected true or false.",
      },
      {
        path: "weft:clusters[0].eastWest.values.service.ipFamilies[0]",
        value: "v4",
        message: "Expected one of IPv4, IPv6.",
      },
      {
        path: "weft:clusters[0].eastWest.values.replicaCuont",
        message: expect.stringMatching(
          /^Unknown key. Allowed here: additionalContainers, affinity, /,
        ) as string,
        remedy: "Did you mean `replicaCount`?",
      },
    ]);
  });

  it("of ingress have their ports from one place", () => {
    const service = { type: "NodePort", nodePorts: {} };
    const values = { service: { ports: [{ name: "tcp", port: 31400 }] } };
    expect(problemsOf({ clusters: [cluster("a", { ingress: { values } })] })).toEqual([]);
    expect(problemsOf({ clusters: [cluster("a", { ingress: { service, values } })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.values.service.ports",
        message: "`ingress.service.nodePorts` fixes the ports, and these would replace them.",
        remedy: "Keep one of the two.",
      },
    ]);
  });

  it("of ingress share no namespace with what Weft puts into one of its own", () => {
    const at = (name: string, namespace: string) => cluster(name, { ingress: { namespace } });
    const certManager = { cluster: "c", namespace: "certificates" };
    const mesh = { sample: {}, trust: { certManager, root: { source: "certManager" } } };
    const clusters = [
      at("a", "sample"),
      at("b", "metallb-system"),
      at("c", "certificates"),
      at("d", "certificates"),
    ];
    expect(problemsOf({ mesh, clusters })).toEqual([
      {
        path: "weft:clusters[0].ingress.namespace",
        value: "sample",
        message: "This is the namespace of the sample workloads.",
        remedy: "Give the gateway one of its own, or leave the key out: then it is istio-ingress.",
      },
      expect.objectContaining({ path: "weft:clusters[2].ingress.namespace", value: "certificates" }),
    ]);
    const withPool = { ...at("b", "metallb-system"), addresses: "10.89.1.200-10.89.1.220" };
    expect(problemsOf({ mesh: { loadBalancer: {} }, clusters: [withPool] })).toEqual([
      expect.objectContaining({ value: "metallb-system", message: "This is the namespace of MetalLB." }),
    ]);
  });

  it("of ingress do not serve one host and path twice", () => {
    const route = { host: "web.example", service: "web.shop", port: 80 };
    const routes = [route, { ...route, path: "/admin" }, { ...route, service: "other.shop" }];
    expect(problemsOf({ clusters: [cluster("a", { ingress: { routes } })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.routes[2]",
        value: "web.example/",
        message: "routes[0] has the same host and path, so this one would get no request.",
        remedy: "Remove one of the two.",
      },
    ]);
  });
});

describe("addresses of load balancers", () => {
  const withRange = (name: string, addresses: string, network?: string) =>
    cluster(name, { addresses, network });

  it("do not overlap, on whatever networks the members are", () => {
    const clusters = [
      withRange("a", "10.89.1.200-10.89.1.220"),
      withRange("b", "10.89.1.220-10.89.1.240", "other"),
      withRange("c", "10.89.2.0/24"),
    ];
    expect(problemsOf({ mesh: { loadBalancer: {} }, clusters })).toEqual([
      {
        path: "weft:clusters[1].addresses",
        value: "10.89.1.220-10.89.1.240",
        message: "Overlaps with 10.89.1.200-10.89.1.220 of a: two gateways could get one address.",
        remedy: "Give each member a range of its own.",
      },
    ]);
  });

  it("are given only where MetalLB gives them", () => {
    expect(problemsOf({ clusters: [withRange("a", "10.89.1.200-10.89.1.220")] })).toEqual([
      {
        path: "weft:clusters[0].addresses",
        value: "10.89.1.200-10.89.1.220",
        message: "Nothing gives these addresses: MetalLB is installed only with `weft:mesh.loadBalancer`.",
        remedy: "Set `weft:mesh.loadBalancer: {}`, or remove the key.",
      },
    ]);
  });

  it("are given to every member, unless there is a network to take them from", () => {
    const clusters = [withRange("a", "10.89.1.200-10.89.1.220"), b];
    const numbered = [withRange("a", "10.89.1.200-10.89.1.220"), cluster("b2"), cluster("c3")];
    expect(problemsOf({ mesh: { loadBalancer: { network: "kind" } }, clusters: numbered })).toEqual([]);
    expect(problemsOf({ mesh: { loadBalancer: {} }, clusters })).toEqual([
      {
        path: "weft:clusters[1].addresses",
        message:
          "Required: MetalLB needs addresses to give, and `weft:mesh.loadBalancer.network` names no network to take them from.",
        remedy: "Give a free range of the cluster's subnet, such as 10.89.1.200-10.89.1.220.",
      },
    ]);
  });

  it("are taken from a network by the number of the member's name, its own among the others'", () => {
    const clusters = [cluster("east"), cluster("a2"), cluster("b2"), withRange("c2", "10.0.0.0/28")];
    const remedy = "Give the member a free range of the network, or a name that ends in a number of its own.";
    expect(problemsOf({ mesh: { loadBalancer: { network: "kind" } }, clusters })).toEqual([
      {
        path: "weft:clusters[2].addresses",
        message: "Required: b2 and a2 end in the same number, so both would get range 2.",
        remedy,
      },
      {
        path: "weft:clusters[0].addresses",
        message:
          "Required: a member gets the range of the number at the end of its name, and east ends in none.",
        remedy,
      },
    ]);
  });
});

describe("namespaces", () => {
  it("get labels and annotations that Kubernetes takes", () => {
    const namespaceLabels = { "pod-security.kubernetes.io/enforce": "baseline", team: "" };
    const mesh = { istio: { namespaceLabels }, ingress: { namespaceLabels }, sample: { namespaceLabels } };
    expect(problemsOf({ mesh, clusters: [a] })).toEqual([]);
    const wrong = { namespaceLabels: { "a b": "c" }, namespaceAnnotations: { "a/b/c": "d" } };
    const tooLong = { namespaceLabels: { team: "x".repeat(64) } };
    expect(problemsOf({ mesh: { istio: wrong, sample: tooLong }, clusters: [a] })).toEqual([
      {
        path: "weft:mesh.istio.namespaceLabels",
        value: "(a map)",
        message: "Expected labels whose keys are names such as example.com/team.",
      },
      {
        path: "weft:mesh.istio.namespaceAnnotations",
        value: "(a map)",
        message: "Expected annotations whose keys are names such as example.com/team.",
      },
      expect.objectContaining({ path: "weft:mesh.sample.namespaceLabels.team" }),
    ]);
  });

  it("get none that define the mesh", () => {
    const namespaceLabels = { "istio-injection": "disabled", "weft.dev/mesh": "other" };
    const istio = { namespaceLabels: { "topology.istio.io/network": "other" } };
    expect(
      problemsOf({ mesh: { ingress: { namespaceLabels } }, clusters: [cluster("a", { istio })] }),
    ).toEqual([
      {
        path: "weft:mesh.ingress.namespaceLabels.istio-injection",
        message: "Weft sets this key.",
        remedy: "It follows from `weft:mesh.istio.revision`.",
      },
      {
        path: 'weft:mesh.ingress.namespaceLabels["weft.dev/mesh"]',
        message: "Weft sets this key.",
        remedy: "Choose a prefix of your own.",
      },
      {
        path: 'weft:clusters[0].istio.namespaceLabels["topology.istio.io/network"]',
        message: "Weft sets this key.",
        remedy: "Set the member's `network`.",
      },
    ]);
  });

  it("are an ingress gateway's to label only where they are its own", () => {
    const inSystem = { namespace: "istio-system", namespaceLabels: { team: "edge" } };
    const mesh = { ingress: { namespaceLabels: { team: "mesh" } } };
    expect(
      problemsOf({ mesh, clusters: [cluster("a", { ingress: { namespace: "istio-system" } })] }),
    ).toEqual([]);
    expect(problemsOf({ clusters: [cluster("a", { ingress: inSystem })] })).toEqual([
      {
        path: "weft:clusters[0].ingress.namespaceLabels",
        message: "This gateway stands in istio-system, which is not its own.",
        remedy: "Move them to weft:clusters[0].istio.namespaceLabels.",
      },
    ]);
  });
});

describe("telemetry", () => {
  const tracing = (name: string) => ({ tracing: [{ providers: [{ name }], randomSamplingPercentage: 1 }] });
  const extensionProviders = [{ name: "otel-tracing", opentelemetry: { service: "otel.mon", port: 4317 } }];

  it("goes to providers that the istiod of every primary has: Istio's own, or defined in its values", () => {
    const own = { istio: { values: { meshConfig: { extensionProviders } } } };
    const overlaid = { istio: { values: { pilot: { meshConfig: { extensionProviders } } } } };
    const built = { mesh: { telemetry: tracing("envoy") }, clusters: [a, b] };
    expect(problemsOf(built)).toEqual([]);
    const defined = { ...own, telemetry: tracing("otel-tracing") };
    expect(problemsOf({ mesh: defined, clusters: [a, remote("r", "a")] })).toEqual([]);
    const telemetry = tracing("otel-tracing");
    expect(
      problemsOf({ mesh: { telemetry }, clusters: [cluster("a", own), cluster("b", overlaid)] }),
    ).toEqual([]);
    expect(problemsOf({ mesh: { telemetry }, clusters: [cluster("a", own), b, remote("r", "a")] })).toEqual([
      {
        path: "weft:mesh.telemetry.tracing[0].providers[0].name",
        value: "otel-tracing",
        message: "istiod of b has no extension provider of this name.",
        remedy:
          "Define it in weft:mesh.istio.values.meshConfig.extensionProviders, or take one of: prometheus, stackdriver, envoy.",
      },
    ]);
  });

  it("names the provider that was meant", () => {
    expect(problemsOf({ mesh: { telemetry: tracing("promtheus") }, clusters: [a] })).toMatchObject([
      { value: "promtheus", remedy: "Did you mean `prometheus`?" },
    ]);
  });

  it("takes whatever the API of Istio may know, and leaves it as it is written", () => {
    const telemetry = {
      tracing: [{ disableContextPropagation: true }, "odd", { providers: "odder" }],
      tomorrows: [{ providers: [{ name: "envoy", weight: 1 }, {}] }],
    };
    expect(parseMesh({ mesh: { telemetry }, clusters: [a] }).config.telemetry).toEqual(telemetry);
  });

  it("is for the whole mesh", () => {
    const telemetry = { selector: { matchLabels: { app: "istiod" } }, targetRefs: [] };
    const remedy = "Leave it out, and apply a Telemetry of your own where those workloads are.";
    expect(problemsOf({ mesh: { telemetry }, clusters: [a] })).toMatchObject([
      { path: "weft:mesh.telemetry.selector", remedy },
      { path: "weft:mesh.telemetry.targetRefs", remedy },
    ]);
  });
});

describe("tokens renewed by time", () => {
  const every = (istio: object, more: object = {}) => ({
    istio,
    remoteAccess: { renewEveryHours: 1, ...more },
  });

  it("are refused where an istiod reads by them that does not survive it", () => {
    expect(
      problemsOf({
        mesh: every({ version: "1.30.5" }),
        clusters: [a, cluster("b", { istio: { version: "1.30.3" } })],
      }),
    ).toEqual([
      {
        path: "weft:mesh.remoteAccess.renewEveryHours",
        value: "1",
        message:
          "istiod 1.30.3 of b does not survive new tokens: it loses the peer's endpoints for good, without an error, until it is restarted (https://github.com/istio/istio/issues/61043).",
        remedy: "Set istio.version of b to 1.30.4 or later.",
      },
    ]);
  });

  it("are refused as well where they end, at the setting that says so", () => {
    const ending = { remoteAccess: { tokenLifetimeHours: 24 } };
    const broken = { istio: { version: "1.30.3" } };
    const refused = (mesh: object, ...clusters: object[]) =>
      problemsOf({ mesh: { istio: { version: "1.30.5" }, ...mesh }, clusters }).map(({ path, value }) => [
        path,
        value,
      ]);
    expect(refused(ending, a, cluster("b", broken))).toEqual([
      ["weft:mesh.remoteAccess.tokenLifetimeHours", "24"],
    ]);
    // The token of a is what b reads by.
    expect(refused({}, { ...a, ...ending }, cluster("b", broken))).toEqual([
      ["weft:clusters[0].remoteAccess.tokenLifetimeHours", "24"],
    ]);
    expect(refused({}, a, cluster("b", { ...broken, ...ending }))).toEqual([]);
  });

  it("are none where nobody reads by them, or config says so", () => {
    const broken = { version: "1.30.3" };
    expect(problemsOf({ mesh: every(broken), clusters: [a] })).toEqual([]);
    expect(problemsOf({ mesh: every(broken, { allowBrokenRotation: true }), clusters: [a, b] })).toEqual([]);
  });
});

describe("Istio", () => {
  it("is of versions at most one minor apart", () => {
    const clusters = [
      cluster("a", { istio: { version: "1.29.6" } }),
      b,
      cluster("c", { istio: { version: "1.31.0" } }),
    ];
    expect(problemsOf({ clusters })).toEqual([
      {
        path: "weft:clusters[2].istio.version",
        value: "1.31.0",
        message: "More than one minor version above 1.29.6 of a, which Istio does not support.",
        remedy: "Upgrade one minor version at a time: all members to the next one first.",
      },
    ]);
    expect(problemsOf({ mesh: { istio: { version: "1.31.0" } }, clusters }).map(({ path }) => path)).toEqual([
      "weft:mesh.istio.version",
      "weft:clusters[2].istio.version",
    ]);
  });

  it("gets no Helm value that defines the mesh, from the mesh or from a member", () => {
    const base = { values: { global: { enableReaderRBAC: false }, base: { excludedCRDs: [] } } };
    expect(problemsOf({ mesh: { istio: { base } }, clusters: [a] })).toEqual([
      {
        path: "weft:mesh.istio.base.values.global.enableReaderRBAC",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "The peers read the member by what it stands for.",
      },
    ]);
    const cni = { values: { cni: { global: { hub: "elsewhere" } }, revision: "canary", chained: false } };
    expect(problemsOf({ mesh: { istio: { cni } }, clusters: [a] })).toEqual([
      {
        path: "weft:mesh.istio.cni.values.revision",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "A node has one plugin, which serves every revision.",
      },
      {
        path: "weft:mesh.istio.cni.values.cni.global.hub",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "Set `weft:mesh.istio.hub`.",
      },
    ]);
    const values = { global: { meshID: "other" }, pilot: { resources: {} } };
    expect(
      problemsOf({
        mesh: { istio: { values } },
        clusters: [cluster("a", { istio: { values: { revision: "canary", meshConfig: null } } })],
      }),
    ).toEqual([
      {
        path: "weft:mesh.istio.values.global.meshID",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "Set `weft:mesh.id`.",
      },
      {
        path: "weft:clusters[0].istio.values.revision",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "Set `weft:mesh.istio.revision`.",
      },
      {
        path: "weft:clusters[0].istio.values.meshConfig",
        message: "Weft sets this value: it defines the mesh.",
        remedy: "Give it a map: Weft sets values in it.",
      },
    ]);
  });
});

describe("the CNI plugin", () => {
  const cni = { cni: {} };
  const remote = (istio: object = {}) => cluster("r", { role: "remote", primary: "a", istio });

  it("is on a primary and its remotes, or on none of them", () => {
    const clusters = [cluster("a", { istio: cni }), remote(cni), cluster("b")];
    expect(problemsOf({ clusters })).toEqual([]);
    expect(problemsOf({ mesh: { istio: cni }, clusters: [a, remote()] })).toEqual([]);
  });

  it.each([
    ["the remote", "weft:clusters[1].istio.cni", "a", [cluster("a", { istio: cni }), remote()]],
    ["the primary", "weft:clusters[0].istio.cni", "r", [a, remote(cni)]],
  ])("is missing on %s", (_, path, has, clusters) => {
    expect(problemsOf({ clusters })).toEqual([
      {
        path,
        message: `Required: ${has} has Istio's CNI plugin, and the istiod of a injects the pods of r as its own.`,
        remedy: `Set it here too, \`weft:mesh.istio.cni\` for all members, or take it away from ${has}.`,
      },
    ]);
  });

  it("is in istio-system or kube-system", () => {
    expect(problemsOf({ mesh: { istio: { cni: { namespace: "istio-cni" } } }, clusters: [a] })).toMatchObject(
      [{ path: "weft:mesh.istio.cni.namespace", value: "istio-cni" }],
    );
  });
});

describe("trust", () => {
  let root: Authority, other: Authority;
  beforeAll(async () => {
    root = await authority("Root");
    other = await authority("Other");
  });
  const inTrust = (trust: object, clusters: unknown[] = [a]) => problemsOf({ mesh: { trust }, clusters });
  const provided = ({ certificate, key }: Authority, more: object = {}) => ({
    source: "provided",
    certificate,
    key,
    ...more,
  });

  it("an intermediate ends before its root", () => {
    expect(inTrust({ rootLifetimeDays: 365 })).toEqual([
      {
        path: "weft:mesh.trust.intermediateLifetimeDays",
        value: "365",
        message: "An intermediate must not outlive its root, which is valid for 365 days.",
        remedy: "Make it shorter than `rootLifetimeDays`.",
      },
    ]);
  });

  it("one root signs", () => {
    const roots = (...signing: boolean[]) =>
      signing.map((signs, i) => ({ name: `r${i}`, source: "generated", signing: signs }));
    const remedy = "See docs/trust.md for the steps of a rotation.";
    expect(inTrust({ roots: roots(true, false) })).toEqual([]);
    expect(inTrust({ roots: roots(false) })).toEqual([
      {
        path: "weft:mesh.trust.roots",
        message: "Exactly one root signs, but none has `signing: true`.",
        remedy,
      },
    ]);
    expect(inTrust({ roots: roots(true, true) })).toEqual([
      {
        path: "weft:mesh.trust.roots",
        value: "r0, r1",
        message: "Exactly one root signs, but 2 have `signing: true`.",
        remedy,
      },
    ]);
  });

  it("roots have names of their own, and `root` does not stand beside `roots`", () => {
    const roots = [
      { name: "old", source: "generated", signing: true },
      { name: "old", source: "generated" },
    ];
    expect(inTrust({ root: { source: "generated" }, roots })).toEqual([
      {
        path: "weft:mesh.trust.root",
        message: "`roots` is given as well.",
        remedy: "Move this root into `roots`; its name there is `default`.",
      },
      {
        path: "weft:mesh.trust.roots[1].name",
        value: "old",
        message: "roots[0] has the same name.",
        remedy: "Give each root a name of its own, and never a name that another root had before.",
      },
    ]);
  });

  it("cert-manager is configured where a root comes from it, on a member", () => {
    const certManager = { source: "certManager" };
    expect(inTrust({ root: certManager })).toEqual([
      {
        path: "weft:mesh.trust.certManager",
        message: "Required: weft:mesh.trust.root comes from cert-manager.",
        remedy: "Set `cluster` there to the member on which cert-manager issues.",
      },
    ]);
    expect(inTrust({ root: certManager, certManager: { cluster: "east" } }, [cluster("eats")])).toEqual([
      {
        path: "weft:mesh.trust.certManager.cluster",
        value: "east",
        message: "No member has this name.",
      },
    ]);
    expect(inTrust({ root: certManager, certManager: { cluster: "a" } })).toEqual([]);
  });

  it("a provided root is checked where it stands", () => {
    expect(inTrust({ root: provided(root) })).toEqual([]);
    expect(inTrust({ root: { ...provided(root), key: other.key } })).toEqual([
      {
        path: "weft:mesh.trust.root.key",
        value: "(secret)",
        message: "Not the key of the certificate CN=Root.",
        remedy: "Give the key that the certificate was requested with, or the certificate of this key.",
      },
    ]);
  });

  it("a provided root comes with its key, or every primary with its intermediate", async () => {
    const { certificate, key } = await authority("Intermediate", { issuer: root });
    const keyless = { root: { source: "provided", certificate: root.certificate } };
    const own = cluster("own", { trust: { intermediate: { certificate, key } } });
    expect(inTrust(keyless, [own, remote("r", "own")])).toEqual([]);
    expect(inTrust(keyless, [own, b, a])).toEqual([
      {
        path: "weft:mesh.trust.root.key",
        message: "Required: these members have no intermediate of their own: a, b.",
        remedy: "Give the root's key, or `trust.intermediate` to each of them.",
      },
    ]);
  });

  it("one certificate is not two roots", () => {
    const roots = [provided(root, { name: "old", signing: true }), provided(root, { name: "new" })];
    expect(inTrust({ roots })).toEqual([
      {
        path: "weft:mesh.trust.roots[1].certificate",
        message: "The same certificate as weft:mesh.trust.roots[0].",
        remedy: "Keep one of the two.",
      },
    ]);
  });

  it("a member's intermediate leads to a root of the mesh", async () => {
    const intermediate = await authority("Intermediate", { issuer: root });
    const own = [
      cluster("a", {
        trust: { intermediate: { certificate: intermediate.certificate, key: intermediate.key } },
      }),
    ];
    expect(inTrust({ root: provided(root) }, own)).toEqual([]);
    expect(inTrust({}, own)).toEqual([
      {
        path: "weft:clusters[0].trust.intermediate",
        message: "Its root is not trusted: no root of the mesh is provided.",
        remedy: "Give its root in `weft:mesh.trust.root` with `source: provided`.",
      },
    ]);
    expect(inTrust({ root: provided(other) }, own)).toEqual([
      {
        path: "weft:clusters[0].trust.intermediate.certificate",
        value: "CN=Intermediate",
        message: "Its issuer, CN=Root, is not a trusted root.",
        remedy: "Give the certificates between it and the root in `chain`, or trust its root.",
      },
    ]);
  });

  it("in shared trust no member has a root of its own, or a choice whom to trust", () => {
    const own = { root: { certificate: root.certificate, key: root.key }, trusts: ["b"] };
    expect(inTrust({}, [cluster("a", { trust: own }), b])).toEqual(
      ["root", "trusts"].map((key) => ({
        path: `weft:clusters[0].trust.${key}`,
        message: "Only members of a mesh with `trust.mode: federated` have one of their own.",
        remedy: "Remove it, or set `weft:mesh.trust.mode` to federated.",
      })),
    );
  });

  it("a remote has no trust of its own: its primary's istiod signs", () => {
    expect(inTrust({ mode: "federated" }, [a, remote("r", "a", { trust: { trusts: ["a"] } })])).toEqual([
      {
        path: "weft:clusters[1].trust.trusts",
        message: "This member is a remote: the istiod of a signs its workloads.",
        remedy: "Remove it, or move it to a.",
      },
    ]);
  });

  describe("that is federated", () => {
    const federated = (...clusters: unknown[]) => inTrust({ mode: "federated" }, clusters);

    it("has no roots of the mesh", () => {
      const problems = inTrust({
        mode: "federated",
        root: { source: "generated" },
        certManager: { cluster: "a" },
      });
      expect(problems).toEqual(
        ["root", "certManager"].map((key) => ({
          path: `weft:mesh.trust.${key}`,
          message: "With `mode: federated` the mesh has no root of its own: every member has one.",
          remedy:
            "Remove it, and give `trust.root` to the members that bring their own; or set `mode: shared`.",
        })),
      );
    });

    it("takes a member's own root and intermediate when they fit together", async () => {
      const { certificate, key } = await authority("Intermediate", { issuer: root });
      const intermediate = { certificate, key };
      const keyless = { certificate: root.certificate };
      expect(federated(cluster("a", { trust: { root: keyless, intermediate } }), b)).toEqual([]);
      expect(federated(cluster("a", { trust: { intermediate } }))).toEqual([
        {
          path: "weft:clusters[0].trust.root",
          message: "Required: the root of this member's intermediate, for the others to trust.",
          remedy: "Give its certificate; the key may be left out.",
        },
      ]);
      expect(federated(cluster("a", { trust: { root: keyless } }))).toEqual([
        {
          path: "weft:clusters[0].trust.root.key",
          message: "Required: nothing else can sign this member's intermediate.",
          remedy: "Give the root's key, or `trust.intermediate`.",
        },
      ]);
      expect(
        federated(cluster("a", { trust: { root: { certificate: other.certificate }, intermediate } })),
      ).toMatchObject([{ message: "Its issuer, CN=Root, is not a trusted root." }]);
    });

    it("is mutual between members, and names primaries", () => {
      const trusting = (name: string, ...trusts: string[]) => cluster(name, { trust: { trusts } });
      expect(federated(trusting("a", "b"), trusting("b", "a"), trusting("c"))).toEqual([]);
      expect(federated(trusting("a", "b", "c"), trusting("b", "a"), trusting("c"))).toEqual([
        {
          path: "weft:clusters[0].trust.trusts[1]",
          value: "c",
          message: "c does not trust a, so mutual TLS between them would fail in both directions.",
          remedy: "Add a to weft:clusters[2].trust.trusts, or remove c here.",
        },
      ]);
      expect(federated(trusting("a", "west-2", "r"), cluster("west-1"), remote("r", "west-1"))).toEqual([
        {
          path: "weft:clusters[0].trust.trusts[0]",
          value: "west-2",
          message: "No member has this name.",
          remedy: "Did you mean `west-1`?",
        },
        {
          path: "weft:clusters[0].trust.trusts[1]",
          value: "r",
          message: "This member is a remote: the istiod of west-1 signs its workloads.",
          remedy: "Name west-1 in its place.",
        },
      ]);
    });
  });
});
