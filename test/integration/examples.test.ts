/**
 * Every example, converged on real control planes as its file says it; then what it is about is looked up in the live objects, a second
 * `up` changes nothing, and `destroy` leaves nothing. Put in are only contexts, PEM and charts, as a user does. In a lab no process runs
 * in a pod, so no request is sent; what else it cannot do is in `limits`.
 */
/* eslint jest/no-standalone-expect: ["error", { additionalTestBlockFunctions: ["example"] }] -- example() makes a test of what it is given */
import { X509Certificate } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import {
  CoreV1Api,
  type KubernetesObject,
  type V1ConfigMap,
  type V1DaemonSet,
  type V1Deployment,
  type V1EndpointSlice,
  type V1Service,
} from "@kubernetes/client-node";
import { parse } from "yaml";
import { startCertManager } from "../../lab/cert-manager/process";
import { type Authorities, exampleConfig, examplesFolder, newAuthorities } from "../example-config";
import { ConvergedExample, installPlugin, type MemberView, Planes } from "./converged-example";
import { kubeConfig, kubeConfigFrom, namespace, TestMesh } from "./harness";
import { everyReaderHoldsItsPeers } from "./holdings";
import { ManagementCluster } from "./management-cluster";

jest.setTimeout(2_400_000);

/** What an example's README says of what the lab could not show. */
const limits: Record<string, string> = {
  "bare-metallb":
    "The lab has a stand-in for MetalLB's chart, and its nodes give the addresses, not the pool.",
  "docker-network":
    "The lab has no container engine: its test tells what Docker reports of kind's network, and has a stand-in for MetalLB's chart.",
  "cert-manager":
    "The lab has a stand-in for cert-manager's chart, without its webhooks; its own controllers issue.",
  "node-port": "In the lab nothing listens at these addresses.",
  eks: "The lab converges it, with IP addresses where the cloud gives host names.",
  gke: "The lab converges it, with addresses that no cloud gives.",
  aks: "The lab converges it, with addresses that no cloud gives.",
  "air-gapped": "The lab converges it with charts from a folder, and pulls no image.",
};

const names = ["one", "two", "three", "four", "five", "six"];
const planes = new Planes([...names]);
let mesh: TestMesh;
let authorities: Authorities;

beforeAll(async () => {
  authorities = await newAuthorities();
  mesh = await TestMesh.start(names, ["kubernetes", "tls", "kubernetes-cert-manager"]);
});
afterAll(() => mesh?.stop());

const tried = new Set<string>();
type Config = ReturnType<typeof exampleConfig>;

interface Around {
  /** What its README says of a variant, by a name for it. */
  variant?: { name: string; of: (config: Config) => void };
  /** Members that are found, not listed. */
  found?: number;
  /** Its peers are reached by names that only its own network knows. */
  isOutOfReach?: boolean;
  before?: (on: ConvergedExample) => Promise<void>;
}

/** As many at once as there are control planes for: an `up` mostly waits. */
function example(
  name: string,
  about: string,
  check: (on: ConvergedExample) => Promise<void>,
  { variant, found = 0, isOutOfReach = false, before }: Around = {},
): void {
  tried.add(name);
  test.concurrent(`${name}: ${about}`, async () => {
    const config = exampleConfig(name, authorities);
    variant?.of(config);
    const taken = await planes.take(config["weft:clusters"].length + found);
    const on = new ConvergedExample(mesh, [name, variant?.name].filter(Boolean).join("-"), taken);
    try {
      await on.open(config);
      await before?.(on);
      await on.converge();
      await check(on);
      if (!isOutOfReach) await everyReaderHoldsItsPeers(on, await on.reads());
      expect(await on.up()).toEqual([]);
      await on.destroy();
      expect(await on.leftovers()).toEqual([]);
    } catch (error) {
      // For the next example on these control planes.
      await on.destroy().catch(() => {});
      throw error;
    } finally {
      on.close();
      planes.giveBack(taken);
    }
  });
}

const [crossNetwork, mtls] = ["Gateway cross-network-gateway", "PeerAuthentication default"];
const [istiodGateway, istiodRoute] = ["Gateway istiod-gateway", "VirtualService istiod-vs"];
const [eastWest, ingress] = ["istio-eastwestgateway", "istio-ingressgateway"];
const sample = (version: "v1" | "v2") => ["curl", `helloworld-${version}`, "nginx"];

/** A primary with a gateway to other networks, changed in what differs. */
const primary = (network: string, reads: string[], differing: Partial<MemberView> = {}): MemberView => ({
  network,
  servedBy: undefined,
  reads,
  runs: [eastWest, "istiod"],
  istio: [crossNetwork, mtls],
  sample: sample("v1"),
  ...differing,
});

/** A remote with a gateway to other networks, changed in what differs. */
const remote = (network: string, servedBy: string, differing: Partial<MemberView> = {}): MemberView => ({
  network,
  servedBy,
  reads: [],
  runs: [eastWest],
  istio: [],
  sample: sample("v2"),
  ...differing,
});

const serving = [crossNetwork, istiodGateway, mtls, istiodRoute];

const service = async (on: ConvergedExample, member: string, name = eastWest, namespace?: string) =>
  (await on.read<V1Service>(member, "v1", "Service", name, namespace))!;
const addressOf = async (on: ConvergedExample, member: string) =>
  (await service(on, member)).status!.loadBalancer!.ingress![0]!.ip;
const portsOf = ({ spec }: V1Service) => spec!.ports!.map(({ port }) => port);
const specOf = async (on: ConvergedExample, member: string, kind: string, name: string) => {
  const found = await on.read<KubernetesObject & { spec: object }>(
    member,
    "networking.istio.io/v1",
    kind,
    name,
  );
  return found!.spec;
};

/** Where the istiod Service of a remote leads. */
async function istiodOf(on: ConvergedExample, member: string) {
  const slice = await on.read<V1EndpointSlice>(member, "discovery.k8s.io/v1", "EndpointSlice", "istiod");
  return {
    addresses: slice!.endpoints.flatMap(({ addresses }) => addresses),
    ports: slice!.ports!.map(({ port }) => port),
  };
}

const istiodEnv = async (on: ConvergedExample, member: string) => {
  const { spec } = (await on.read<V1Deployment>(member, "apps/v1", "Deployment", "istiod"))!;
  return Object.fromEntries(spec!.template.spec!.containers[0]!.env!.map(({ name, value }) => [name, value]));
};

interface Webhook {
  clientConfig: { url?: string; service?: { path: string }; caBundle?: string };
}

/** The webhook that injects proxies. */
async function injectorOf(on: ConvergedExample, member: string): Promise<Webhook> {
  const found = await on.read<KubernetesObject & { webhooks: Webhook[] }>(
    member,
    "admissionregistration.k8s.io/v1",
    "MutatingWebhookConfiguration",
    "istio-sidecar-injector",
  );
  return found!.webhooks[0]!;
}

/** Names of the authorities that a member trusts, and of its chain from its own to the root; each link is verified. */
async function trustOf(on: ConvergedExample, member: string) {
  const files = await on.secret(member, "cacerts");
  const certificatesOf = (file: string) =>
    files[file]!.split(/(?<=-----END CERTIFICATE-----)\s*/)
      .filter((block) => block !== "")
      .map((block) => new X509Certificate(block));
  const chain = certificatesOf("cert-chain.pem");
  const links = chain.slice(0, -1).map((link, index) => link.verify(chain[index + 1]!.publicKey));
  const nameOf = ({ subject }: X509Certificate) => /L=([^\n]+)/.exec(subject)![1]!;
  return {
    bundle: certificatesOf("root-cert.pem").map(nameOf),
    chain: chain.map(nameOf),
    isVerified: links.every(Boolean),
  };
}

const poolOf = async (on: ConvergedExample, member: string) => {
  const read = (kind: string) =>
    on.read<KubernetesObject & { spec: object }>(
      member,
      "metallb.io/v1beta1",
      kind,
      "weft",
      "metallb-system",
    );
  const [pool, advertisement] = await Promise.all([read("IPAddressPool"), read("L2Advertisement")]);
  expect(advertisement!.spec).toEqual({ ipAddressPools: ["weft"] });
  return pool!.spec;
};

example("multi-primary-different-networks", "primaries read each other and have gateways", async (on) => {
  expect(await on.view()).toEqual({
    cluster1: primary("cluster1", ["cluster2"]),
    cluster2: primary("cluster2", ["cluster1"], { sample: sample("v2") }),
  });
  for (const member of ["cluster1", "cluster2"]) {
    const gateway = await service(on, member);
    expect(gateway.metadata!.labels).toMatchObject({ "topology.istio.io/network": member });
    expect(gateway.spec!.type).toBe("LoadBalancer");
    expect(portsOf(gateway)).toEqual([15021, 15443]);
    expect(await specOf(on, member, "Gateway", "cross-network-gateway")).toMatchObject({
      selector: { istio: "eastwestgateway" },
      servers: [{ port: { number: 15443 }, tls: { mode: "AUTO_PASSTHROUGH" }, hosts: ["*.local"] }],
    });
    expect(await istiodEnv(on, member)).not.toHaveProperty("EXTERNAL_ISTIOD");
  }
});

example("hub-and-spoke", "a spoke reads the hub alone, and the hub every spoke", async (on) => {
  expect(await on.view()).toEqual({
    hub: primary("hub", ["spoke1", "spoke2"]),
    spoke1: primary("spoke1", ["hub"], { sample: sample("v2") }),
    spoke2: primary("spoke2", ["hub"]),
  });
});

example("multi-primary-same-network", "primaries read each other and have no gateway", async (on) => {
  const flat = { runs: ["istiod"], istio: [mtls] };
  expect(await on.view()).toEqual({
    cluster1: primary("flat", ["cluster2"], flat),
    cluster2: primary("flat", ["cluster1"], { ...flat, sample: sample("v2") }),
  });
  expect(await on.names("cluster1", "v1", "Service")).toEqual(["istiod"]);
});

example(
  "primary-remote-different-networks",
  "the remote comes to its istiod by the primary's gateway",
  async (on) => {
    expect(await on.view()).toEqual({
      cluster1: primary("network1", ["cluster2"], { istio: serving }),
      cluster2: remote("network2", "cluster1"),
    });
    expect(await istiodOf(on, "cluster2")).toEqual({
      addresses: [await addressOf(on, "cluster1")],
      ports: [15012, 15017],
    });
    expect(portsOf(await service(on, "cluster1"))).toEqual(expect.arrayContaining([15012, 15017]));
    expect(portsOf(await service(on, "cluster2"))).toEqual([15021, 15443]);
    const host = "istiod.istio-system.svc.cluster.local";
    const to = (port: number, number: number) => ({
      match: [{ port, sniHosts: ["*"] }],
      route: [{ destination: { host, port: { number } } }],
    });
    expect(await specOf(on, "cluster1", "VirtualService", "istiod-vs")).toEqual({
      hosts: ["*"],
      gateways: ["istiod-gateway"],
      tls: [to(15012, 15012), to(15017, 443)],
    });
    expect(await istiodEnv(on, "cluster1")).toMatchObject({
      EXTERNAL_ISTIOD: "true",
      CLUSTER_ID: "cluster1",
    });
    const path = "/inject/cluster/cluster2/net/network2";
    const injector = await injectorOf(on, "cluster2");
    expect(injector.clientConfig.service?.path).toBe(path);
  },
);

example("primary-remote-same-network", "the primary's gateway leads to its istiod alone", async (on) => {
  expect(await on.view()).toEqual({
    cluster1: primary("flat", ["cluster2"], { istio: [istiodGateway, mtls, istiodRoute] }),
    cluster2: remote("flat", "cluster1", { runs: [] }),
  });
  expect((await istiodOf(on, "cluster2")).addresses).toEqual([await addressOf(on, "cluster1")]);
});

example(
  "many-primaries-with-remotes",
  "primaries read everyone, remotes come to their own primary",
  async (on) => {
    const all = ["eu", "eu-edge1", "eu-edge2", "lab", "us", "us-edge1"];
    const others = (name: string) => all.filter((other) => other !== name);
    const [v1, v2] = [{ sample: sample("v1") }, { sample: sample("v2") }];
    expect(await on.view()).toEqual({
      eu: primary("eu", others("eu"), { ...v1, istio: serving }),
      "eu-edge1": remote("eu-edge1", "eu", v2),
      "eu-edge2": remote("eu-edge2", "eu", v1),
      lab: primary("lab", others("lab"), v2),
      us: primary("us", others("us"), { ...v1, istio: serving }),
      "us-edge1": remote("us-edge1", "us", v2),
    });
    const [eu, us] = await Promise.all([addressOf(on, "eu"), addressOf(on, "us")]);
    expect(eu).not.toBe(us);
    for (const [edge, address] of [
      ["eu-edge1", eu],
      ["eu-edge2", eu],
      ["us-edge1", us],
    ] as const) {
      expect((await istiodOf(on, edge)).addresses).toEqual([address]);
    }
  },
);

/** The ingress of two examples. */
async function checkIngress(on: ConvergedExample): Promise<void> {
  const gateway = await service(on, "cluster1", ingress, "istio-ingress");
  expect(gateway.spec!.type).toBe("NodePort");
  const ports = gateway.spec!.ports!.map(({ port, nodePort }) => [port, nodePort]);
  expect(ports).toEqual([
    [80, 30080],
    [443, 30443],
    [15021, expect.any(Number)],
  ]);
  const name = "cluster1-helloworld-localhost-3afccb43e3";
  expect(await specOf(on, "cluster1", "Gateway", name)).toMatchObject({
    selector: { istio: "ingressgateway" },
    servers: [{ port: { number: 80, protocol: "HTTP" }, hosts: ["helloworld.localhost"] }],
  });
  const destination = { host: "helloworld.sample.svc.cluster.local", port: { number: 5000 } };
  expect(await specOf(on, "cluster1", "VirtualService", name)).toEqual({
    hosts: ["helloworld.localhost"],
    gateways: [name],
    http: [{ match: [{ uri: { prefix: "/hello" } }], route: [{ destination }] }],
  });
  const helloworld = await on.read<V1Service>("cluster1", "v1", "Service", "helloworld", "sample");
  expect(portsOf(helloworld!)).toEqual([5000]);
}

example("ingress", "a gateway at fixed node ports serves helloworld of both members", async (on) => {
  const routes = "cluster1-helloworld-localhost-3afccb43e3";
  expect(await on.view()).toEqual({
    cluster1: primary("cluster1", ["cluster2"], {
      istio: [`Gateway ${routes}`, crossNetwork, mtls, `VirtualService ${routes}`],
    }),
    cluster2: primary("cluster2", ["cluster1"], { sample: sample("v2") }),
  });
  await checkIngress(on);
});

example("bare-metallb", "each member has a pool of its own, before its gateways", async (on) => {
  expect(await poolOf(on, "cluster1")).toMatchObject({ addresses: ["10.89.1.200-10.89.1.220"] });
  expect(await poolOf(on, "cluster2")).toMatchObject({ addresses: ["10.89.1.221-10.89.1.240"] });
  const views = await on.view();
  expect(views.cluster1).toMatchObject({ reads: ["cluster2"], runs: [eastWest, "istiod"] });
  expect(views.cluster2).toEqual(remote("network2", "cluster1"));
  await checkIngress(on);
});

example(
  "docker-network",
  "the pools are cut from the network's subnet",
  async (on) => {
    expect(await poolOf(on, "cluster1")).toMatchObject({ addresses: ["172.18.255.225-172.18.255.250"] });
    expect(await poolOf(on, "cluster2")).toMatchObject({ addresses: ["172.18.255.200-172.18.255.224"] });
    const { cluster2 } = await on.secret("cluster1", "weft-peers");
    expect(kubeConfigFrom(cluster2!).getCurrentCluster()!.server).toBe("https://cluster2-control-plane:6443");
  },
  {
    isOutOfReach: true,
    before: () => installPlugin(mesh.parts.bin, "docker", path.join(__dirname, "docker-plugin.ts")),
  },
);

example("federated", "every member signs by its own root, and trusts those that it says", async (on) => {
  expect({
    cluster1: await trustOf(on, "cluster1"),
    cluster2: await trustOf(on, "cluster2"),
    cluster3: await trustOf(on, "cluster3"),
  }).toEqual({
    cluster1: {
      bundle: ["cluster1", "cluster2", "cluster3"],
      chain: ["cluster1", "cluster1"],
      isVerified: true,
    },
    cluster2: {
      bundle: ["cluster1", "cluster2", "cluster3"],
      chain: ["cluster2", "cluster2"],
      isVerified: true,
    },
    cluster3: { bundle: ["cluster1", "cluster3"], chain: ["cluster3", "cluster3"], isVerified: true },
  });
  expect((await on.view()).cluster1!.reads).toEqual(["cluster2", "cluster3"]);
});

example(
  "cert-manager",
  "cert-manager on the management cluster has the root's key and issues for all",
  async (on) => {
    for (const member of ["management", "cluster1"]) {
      expect(await trustOf(on, member)).toEqual({
        bundle: ["default"],
        chain: [member, "default"],
        isVerified: true,
      });
    }
    const certificates = await on.names("management", "cert-manager.io/v1", "Certificate", "cert-manager");
    expect(certificates).toEqual([
      "weft-anchor-default",
      "weft-member-cluster1-default",
      "weft-member-management-default",
      "weft-root-default",
    ]);
    const { "tls.key": rootKey } = await on.secret("management", "weft-root-default", "cert-manager");
    expect(rootKey).toContain("PRIVATE KEY");
    for (const member of ["management", "cluster1"]) {
      expect(Object.values(await on.secret(member, "cacerts"))).not.toContain(rootKey);
    }
    expect(await on.names("cluster1", "v1", "Namespace")).not.toContain("cert-manager");
  },
  {
    before: (on) =>
      startCertManager({
        dir: mesh.dir,
        cluster: on.planeOf("management"),
        report: (line) => void mesh.transcript.push(line),
      }),
  },
);

example(
  "provided-root",
  "one member gets an intermediate of the given root, the other brings its own",
  async (on) => {
    const { root, intermediate } = authorities;
    expect(await trustOf(on, "cluster1")).toEqual({
      bundle: ["given"],
      chain: ["cluster1", "given"],
      isVerified: true,
    });
    expect(await trustOf(on, "cluster2")).toEqual({
      bundle: ["given"],
      chain: ["cluster2", "given"],
      isVerified: true,
    });
    const own = await on.secret("cluster2", "cacerts");
    expect(own["ca-cert.pem"]!.trim()).toBe(intermediate.certificate.trim());
    expect(own["ca-key.pem"]!.trim()).toBe(intermediate.key.trim());
    for (const member of ["cluster1", "cluster2"]) {
      const files = await on.secret(member, "cacerts");
      expect(files["root-cert.pem"]!.trim()).toBe(root.certificate.trim());
      expect(JSON.stringify(files)).not.toContain(JSON.stringify(root.key.trim()).slice(1, -1));
    }
  },
);

example(
  "membership",
  "labelled clusters join the management cluster",
  async (on) => {
    const traced = { istio: [crossNetwork, mtls, "Telemetry mesh-default"], sample: [] };
    expect(await on.view()).toEqual({
      management: primary("management", ["by-label", "by-selector"], traced),
      "by-label": primary("by-label", ["by-selector", "management"], traced),
      "by-selector": primary("by-selector", ["by-label", "management"], traced),
    });
  },
  {
    found: 2,
    before: async (on) => {
      const management = new ManagementCluster(on.cluster("management"));
      await management.prepare();
      await management.addCluster("ClusterDeployment", "by-label", {
        "k0rdent.mirantis.com/istio-role": "member",
      });
      await management.addKubeconfig("by-label", on.cluster("by-label"));
      await management.addCluster("Cluster", "by-selector", { "weft.dev/mesh": "mesh1" });
      await management.addKubeconfig("by-selector", on.cluster("by-selector"));
    },
  },
);

example("node-port", "every istiod knows the gateways' node addresses", async (on) => {
  for (const member of ["cluster1", "cluster2"]) {
    const gateway = await service(on, member);
    expect(gateway.spec!.type).toBe("NodePort");
    expect(gateway.spec!.ports!.find(({ port }) => port === 15443)!.nodePort).toBe(31443);
    expect(gateway.metadata!.labels).toMatchObject({ "topology.istio.io/network": member });
    const { data } = (await on.read<V1ConfigMap>(member, "v1", "ConfigMap", "istio"))!;
    expect(parse(data!.meshNetworks!)).toEqual({
      networks: {
        cluster1: {
          endpoints: [{ fromRegistry: "cluster1" }],
          gateways: [
            { address: "192.0.2.11", port: 31443 },
            { address: "192.0.2.12", port: 31443 },
          ],
        },
        cluster2: {
          endpoints: [{ fromRegistry: "cluster2" }],
          gateways: [{ address: "192.0.2.21", port: 31443 }],
        },
      },
    });
  }
});

const clouds: [string, string[], Record<string, string>][] = [
  [
    "eks",
    ["eks-eu", "eks-us"],
    {
      "service.beta.kubernetes.io/aws-load-balancer-type": "external",
      "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
      "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
    },
  ],
  [
    "gke",
    ["gke-eu", "gke-us"],
    {
      "networking.gke.io/load-balancer-type": "Internal",
      "networking.gke.io/internal-load-balancer-allow-global-access": "true",
    },
  ],
  ["aks", ["aks-eu", "aks-us"], { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" }],
];

for (const [name, members, annotations] of clouds) {
  example(name, "the gateways' Services say what the cloud's load balancer has to be", async (on) => {
    for (const member of members) {
      const { metadata, spec } = await service(on, member);
      expect(metadata!.annotations).toMatchObject(annotations);
      expect(spec!.type).toBe("LoadBalancer");
      expect(spec!.loadBalancerSourceRanges).toEqual(name === "eks" ? ["10.0.0.0/8"] : undefined);
    }
    expect((await on.view())[members[0]!]!.reads).toEqual([members[1]]);
  });
}

example(
  "eks",
  "a remote comes to its istiod by a DNS name, and its API server to the injector by the same",
  async (on) => {
    expect(await on.view()).toMatchObject({
      "eks-eu": primary("vpc-eu", ["eks-us"], { istio: serving }),
      "eks-us": remote("vpc-us", "eks-eu"),
    });
    const { spec } = await service(on, "eks-us", "istiod");
    expect(spec).toMatchObject({ type: "ExternalName", externalName: "istiod.example.org" });
    expect(await istiodEnv(on, "eks-eu")).toMatchObject({ ISTIOD_CUSTOM_HOST: "istiod.example.org" });
    const url = "https://istiod.example.org:15017/inject/cluster/eks-us/net/vpc-us";
    expect((await injectorOf(on, "eks-us")).clientConfig.url).toBe(url);
  },
  {
    variant: {
      name: "remote",
      of: ({ "weft:clusters": [eu, us] }) => {
        Object.assign(eu!.eastWest as object, { addresses: ["istiod.example.org"] });
        Object.assign(us!, { role: "remote", primary: "eks-eu" });
      },
    },
  },
);

example(
  "air-gapped",
  "every image but the load balancer's is the mirror's, with a pull Secret for Istio's",
  async (on) => {
    const deployment = async (name: string, namespace?: string) =>
      (await on.read<V1Deployment>("cluster1", "apps/v1", "Deployment", name, namespace))!.spec!.template
        .spec!;
    const imageOf = async (name: string, namespace?: string) =>
      (await deployment(name, namespace)).containers[0]!.image;
    expect(await imageOf("istiod")).toBe("registry.example/istio/pilot:1.30.5");
    expect(await imageOf("helloworld-v1", "sample")).toBe(
      "registry.example/istio/examples-helloworld-v1:1.0",
    );
    expect(await imageOf("nginx", "sample")).toBe("registry.example/library/nginx:1.29");
    expect(await imageOf("curl", "sample")).toBe("registry.example/curlimages/curl:8.16.0");
    expect((await deployment(eastWest)).imagePullSecrets).toEqual([{ name: "registry" }]);
    const account = await on.read<KubernetesObject & { imagePullSecrets: object[] }>(
      "cluster1",
      "v1",
      "ServiceAccount",
      "istiod",
    );
    expect(account!.imagePullSecrets).toEqual([{ name: "registry" }]);
    expect(await poolOf(on, "cluster1")).toMatchObject({ addresses: ["10.20.0.200-10.20.0.220"] });
  },
);

/** By what the running istiod of a member goes, as it says itself: what it does not know is not in it. */
async function meshConfigOf(on: ConvergedExample, member: string): Promise<Record<string, unknown>> {
  const core = kubeConfig(on.cluster(member).kubeconfig).makeApiClient(CoreV1Api);
  const { items } = await core.listNamespacedPod({ namespace, labelSelector: "app=istiod" });
  const name = `${items[0]!.metadata!.name!}:8080`;
  const answered = await core.connectGetNamespacedPodProxyWithPath({ namespace, name, path: "debug/mesh" });
  // What is JSON the client has parsed, whatever its types say.
  return answered as unknown as Record<string, unknown>;
}

example("dns-capture", "istiod tells the proxies to answer for DNS", async (on) => {
  for (const member of ["cluster1", "cluster2"]) {
    expect(await meshConfigOf(on, member)).toMatchObject({
      defaultConfig: { proxyMetadata: { ISTIO_META_DNS_CAPTURE: "true", PROXY_CONFIG_XDS_AGENT: "true" } },
    });
  }
});

example("locality-failover", "every istiod knows which region stands in for which", async (on) => {
  for (const member of ["dublin", "frankfurt", "virginia"]) {
    expect(await meshConfigOf(on, member)).toMatchObject({
      localityLbSetting: {
        failover: [
          { from: "eu-west-1", to: "eu-central-1" },
          { from: "eu-central-1", to: "eu-west-1" },
          { from: "us-east-1", to: "eu-west-1" },
        ],
      },
    });
  }
});

example("outlier-detection", "every istiod has it for all Services", async (on) => {
  for (const member of ["cluster1", "cluster2"]) {
    expect(await meshConfigOf(on, member)).toMatchObject({
      defaultTrafficPolicy: { outlierDetection: { consecutive5xxErrors: 5, maxEjectionPercent: 50 } },
    });
  }
});

/** The init containers of the pods of the sample, one way for all. */
async function initContainersOf(on: ConvergedExample, member: string): Promise<string[]> {
  const core = kubeConfig(on.cluster(member).kubeconfig).makeApiClient(CoreV1Api);
  const { items } = await core.listNamespacedPod({ namespace: "sample" });
  expect(items).toHaveLength(3);
  const names = items.map(({ spec }) => spec!.initContainers!.map(({ name }) => name).join());
  return [...new Set(names)].flatMap((all) => all.split(","));
}

example(
  "cni",
  "a plugin on every node in place of istio-init; turned off, istiod lets go first",
  async (on) => {
    const members = ["cluster1", "cluster2"];
    const agent = (member: string) => on.read<V1DaemonSet>(member, "apps/v1", "DaemonSet", "istio-cni-node");
    for (const member of members) {
      const { status } = (await agent(member))!;
      expect(status).toMatchObject({ desiredNumberScheduled: expect.any(Number) as number });
      expect(status!.numberReady).toBe(status!.desiredNumberScheduled);
      const first = await initContainersOf(on, member);
      expect(first).toContain("istio-validation");
      expect(first).not.toContain("istio-init");
    }

    const config = exampleConfig("cni", authorities);
    await on.open({ ...config, "weft:mesh": { sample: {} } });
    const changes = (await on.up()).map(({ op, name }) => `${op} ${name}`);

    expect(changes[0]).toBe("update mesh-cluster1-istiod");
    expect(changes.slice(1).sort()).toEqual(members.map((member) => `delete mesh-${member}-cni`));
    for (const member of members) expect(await agent(member)).toBeUndefined();
  },
);

test("every example is tried here, and its README says what the lab cannot show", () => {
  expect([...tried].sort()).toEqual(readdirSync(examplesFolder).sort());
  for (const [name, limit] of Object.entries(limits)) {
    const text = readFileSync(path.join(examplesFolder, name, "README.md"), "utf8").replace(/\s+/g, " ");
    expect(text).toContain(limit);
  }
});
