import { mergeValues } from "../../../mesh/istio-values";
import { parseMesh } from "../../../mesh/parse";
import { ConfigError } from "../../../mesh/problems";
import { block, byHand, type ByHand } from "./by-hand";
import { authority, now } from "../../mesh/authorities";

let mesh: ByHand;

beforeEach(async () => {
  mesh = await byHand();
});

const problems = () => {
  try {
    mesh.adopted();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(({ path, message }) => `${path}: ${message}`);
    throw error;
  }
  return [];
};

test("the guide's mesh comes to this config, in which only the keys are missing", () => {
  const { config, notes } = mesh.adopted();
  expect(config).toEqual({
    mesh: {
      id: "mesh1",
      istio: { version: "1.30.5" },
      trust: { root: { source: "provided", certificate: block(mesh.root.certificate) } },
      mtls: "permissive",
      mtlsReason: "It was so before Weft took the mesh over.",
    },
    clusters: ["east", "west"].map((name) => ({
      name,
      context: `prod-${name}`,
      network: `${name}-network`,
      trust: { intermediate: { certificate: block(mesh.of(name).cacerts!.certificate) } },
    })),
  });
  expect(notes).toEqual([]);

  const withKeys = config.clusters.map((cluster) => {
    const { key } = mesh.of(cluster["name"] as string).cacerts!;
    return mergeValues(cluster, { trust: { intermediate: { key } } });
  });
  expect(() => parseMesh({ mesh: config.mesh, clusters: withKeys }, now)).not.toThrow();
});

test("what a person wrote stays, and comes first where nothing was found", () => {
  mesh.written.mesh = { remoteAccess: { generation: 2 }, istio: { charts: { path: "charts" } } };
  mesh.written.clusters[0] = { ...mesh.written.clusters[0]!, apiServer: "https://10.0.0.5:6443" };
  const { config } = mesh.adopted();
  expect(config.mesh).toMatchObject({
    remoteAccess: { generation: 2 },
    istio: { charts: { path: "charts" }, version: "1.30.5" },
  });
  expect(config.clusters[0]).toMatchObject({ apiServer: "https://10.0.0.5:6443", network: "east-network" });
});

test("members keep the order of the list", async () => {
  mesh = await byHand(["west", "east"]);
  expect(mesh.adopted().members.map(({ member }) => member.name)).toEqual(["west", "east"]);
});

test("Helm values beside Weft's stay: once for all, or where they differ", () => {
  for (const name of ["east", "west"]) {
    mesh.give(name, "istiod", (values) =>
      mergeValues(values, {
        meshConfig: {
          accessLogFile: "/dev/stdout",
          defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: "true" } },
        },
        pilot: { autoscaleMin: name === "east" ? 2 : 3, podAnnotations: { "weft.dev/trust-bundle": "f" } },
      }),
    );
    mesh.give(name, "istio-eastwestgateway", (values) =>
      mergeValues(values, { replicaCount: 2, service: { type: "LoadBalancer", annotations: { lb: name } } }),
    );
    mesh.of(name).namespace!.labels["team"] = "mesh";
  }
  const { config } = mesh.adopted();
  expect(config.mesh).toMatchObject({
    istio: { namespaceLabels: { team: "mesh" } },
    eastWest: { values: { replicaCount: 2 } },
  });
  expect(config.mesh["istio"] as object).not.toHaveProperty("values");
  expect(config.clusters.map(({ istio, eastWest }) => ({ istio, eastWest }))).toEqual(
    ["east", "west"].map((name) => ({
      istio: {
        values: {
          meshConfig: { accessLogFile: "/dev/stdout" },
          pilot: { autoscaleMin: name === "east" ? 2 : 3 },
        },
      },
      eastWest: { service: { annotations: { lb: name } } },
    })),
  );
});

test("the modes of mutual TLS and the Telemetry stay", () => {
  for (const name of ["east", "west"]) {
    mesh.of(name).mtls = "STRICT";
    mesh.of(name).telemetry = { tracing: [] };
  }
  const { config } = mesh.adopted();
  expect(config.mesh).toMatchObject({ mtls: "strict", telemetry: { tracing: [] } });
  expect(config.mesh).not.toHaveProperty("mtlsReason");
});

test("the peers keep the address at which they reach an API server", () => {
  mesh.of("west").remoteSecrets[0]!.clusters["east"] = { server: "https://10.0.0.1:6443" };
  mesh.of("east").remoteSecrets[0]!.clusters["west"] = {
    server: "https://10.0.0.2:6443",
    tlsServerName: "west.internal",
  };
  expect(mesh.adopted().config.clusters.map(({ apiServer }) => apiServer)).toEqual([
    "https://10.0.0.1:6443",
    { url: "https://10.0.0.2:6443", tlsServerName: "west.internal" },
  ]);
});

test("several roots and longer chains stay as they are", async () => {
  const other = await authority("Other root");
  const upper = await authority("Upper CA", { issuer: mesh.root });
  const own = await authority("east CA", { issuer: upper });
  const bundle = `${other.certificate}\n${mesh.root.certificate}`;
  for (const name of ["east", "west"]) mesh.of(name).cacerts!.bundle = bundle;
  Object.assign(mesh.of("east").cacerts!, {
    certificate: own.certificate,
    chain: `${own.certificate}\n${upper.certificate}\n${mesh.root.certificate}`,
  });
  const { config } = mesh.adopted();
  expect(config.mesh["trust"]).toEqual({
    roots: [
      { name: "root1", source: "provided", certificate: block(other.certificate) },
      { name: "root2", source: "provided", certificate: block(mesh.root.certificate), signing: true },
    ],
  });
  expect(config.clusters[0]!["trust"]).toEqual({
    intermediate: { certificate: block(own.certificate), chain: block(upper.certificate) },
  });
});

test("it tells what stays beside Weft's, and what the first `up` does", () => {
  const east = mesh.of("east");
  east.remoteSecrets.push({ name: "istio-remote-secret-north", clusters: { north: undefined } });
  east.releases.push({
    name: "istio-ingress",
    chart: "gateway",
    version: "1.30.5",
    status: "deployed",
    values: {},
  });
  east.releases[0]!.version = "1.29.0";
  east.cacerts!.others = ["ca-crl.pem"];
  mesh.give("east", "istio-eastwestgateway", (values) => ({ ...values, rbac: { enabled: true } }));
  mesh.of("west").remoteSecrets = [];
  expect(mesh.adopted().notes).toEqual([
    expect.stringMatching(/^east: its east-west gateway loses the right to read the Secrets/),
    "east: release istio-base is 1.29.0; the first `pulumi up` brings it to istiod's version, 1.30.5.",
    "east: its istiod also reads north, not listed in weft:clusters. That stays as it is, by the Secrets that are there.",
    "east: release istio-ingress in istio-system stays yours.",
    "east: Secret cacerts also holds ca-crl.pem. The first `pulumi up` takes it out: keep a copy.",
    "west: its istiod does not read east now. From the first `pulumi up` on it does.",
  ]);
});

describe("refused is", () => {
  test("an istiod that Helm did not install, and a cluster without one", () => {
    mesh.of("east").releases = [];
    mesh.of("west").releases = [];
    mesh.of("west").istiods = {};
    expect(problems()).toEqual([
      "weft:clusters[0]: Helm knows no release istio-base and no istiod and no istio-eastwestgateway there: what runs was not installed by it, but by istioctl perhaps.",
      "weft:clusters[1]: No istiod runs there, so there is no primary to take over.",
    ]);
  });

  test("a release by another name, one that is not deployed, and two istiods", () => {
    mesh.of("east").releases[0]!.name = "base";
    mesh.of("west").releases[2]!.status = "pending-upgrade";
    mesh.of("west").istiods = { istiod: 1, "istiod-1-31": 1 };
    expect(problems()).toEqual([
      "weft:clusters[0]: Its release of chart base is called base. Weft's is called istio-base, and Helm cannot rename one.",
      "weft:clusters[1]: Release istiod is pending-upgrade.",
      "weft:clusters[1]: It has 2 istiods: istiod, istiod-1-31.",
    ]);
  });

  test("a name or a network that is not what istiod has", () => {
    mesh.give("east", "istiod", (values) =>
      mergeValues(values, { global: { multiCluster: { clusterName: "cluster1" } } }),
    );
    mesh.give("west", "istiod", (values) => mergeValues(values, { global: { network: "elsewhere" } }));
    expect(problems()).toEqual([
      "weft:clusters[0].name: Its istiod calls this cluster cluster1 (global.multiCluster.clusterName), and so do its peers and every proxy.",
      "weft:clusters[1]: istiod's global.network is elsewhere, and namespace istio-system is labelled west-network, by topology.istio.io/network.",
    ]);
  });

  test("a CA of istiod's own, and bundles that differ", async () => {
    mesh.of("east").cacerts = undefined;
    expect(problems()).toEqual([
      "weft:clusters[0]: It has no Secret cacerts: its istiod signs with a root of its own, which no other cluster trusts.",
    ]);
    mesh = await byHand();
    mesh.of("west").cacerts!.bundle = (await authority("Other root")).certificate;
    expect(problems()).toEqual([
      "weft:clusters[1]: Its `cacerts` trusts other roots than that of east, and a mesh of Weft's with shared trust has one bundle.",
    ]);
  });

  test("what differs where a mesh has one for all, and what Weft sets itself", () => {
    mesh.give("west", "istiod", (values) =>
      mergeValues(values, { global: { meshID: "mesh2", caAddress: "ca:1" } }),
    );
    expect(problems()).toEqual([
      'weft:clusters: Members have to be alike in global.meshID of istiod: it is "mesh1" in east, "mesh2" in west.',
      "weft:clusters[1]: Helm value global.caAddress of release istiod is one that Weft sets itself.",
    ]);
  });

  test("a remote, and mutual TLS that is off", () => {
    mesh.give("west", "istiod", (values) => ({ ...values, profile: "remote" }));
    for (const name of ["east", "west"]) mesh.of(name).mtls = "DISABLE";
    expect(problems()).toEqual([
      "weft:mesh.mtls: PeerAuthentication default in istio-system turns mutual TLS off, without which no request crosses to another network.",
      "weft:clusters[1]: It is a remote: the istiod of another cluster serves it. Only primaries can be taken over.",
    ]);
  });
});
