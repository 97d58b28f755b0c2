import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { withAddresses } from "../clusters/container-network";
import type { MeshSpec } from "../mesh/mesh-spec";
import { parseMesh } from "../mesh/parse";
import type { Recorder } from "./components/mocks";
import { weaveMesh } from "./components/weave";
import { exampleConfig, examplesFolder as folder, newAuthorities } from "./example-config";

jest.setTimeout(120_000);

const names = [
  "multi-primary-different-networks",
  "multi-primary-same-network",
  "primary-remote-different-networks",
  "primary-remote-same-network",
  "many-primaries-with-remotes",
  "hub-and-spoke",
  "ingress",
  "bare-metallb",
  "docker-network",
  "federated",
  "cert-manager",
  "provided-root",
  "membership",
  "node-port",
  "eks",
  "gke",
  "aks",
  "air-gapped",
  "dns-capture",
  "locality-failover",
  "outlier-detection",
  "cni",
] as const;

interface Planned {
  spec: MeshSpec;
  recorder: Recorder;
}

/** Plans an example under mocks. */
async function plan(name: (typeof names)[number]): Promise<Planned> {
  const config = exampleConfig(name, await newAuthorities());
  const spec = await withAddresses(
    parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] }),
    () => Promise.resolve({ ipamConfigs: [{ subnet: "172.18.0.0/16", gateway: "172.18.0.1" }] }),
  );
  return { spec, recorder: (await weaveMesh(spec)).recorder };
}

const eastWestGateways = "weft:gateway:EastWestGateway";
const peerSecrets = "weft:mesh-member:PeerSecret";
const samples = "weft:sample:Sample";

/** Members that have a component of this type. */
function having({ recorder, spec }: Planned, type: string): string[] {
  return spec.members
    .map(({ name }) => name)
    .filter((name) => recorder.ofType(type).some((found) => recorder.parentOf(found) === `mesh-${name}`));
}

const valuesOf = (recorder: Recorder, release: string) => recorder.named(release).inputs["values"];
const poolOf = (recorder: Recorder, member: string) =>
  recorder.named(`mesh-${member}-load-balancer-ipaddresspool`).inputs["spec"];
const serviceOf = (recorder: Recorder, member: string) =>
  valuesOf(recorder, `mesh-${member}-eastwest-release`) as { service: object };

describe("what an example is about is in its plan:", () => {
  test("multi-primary-different-networks", async () => {
    const planned = await plan("multi-primary-different-networks");
    expect(having(planned, eastWestGateways)).toEqual(["cluster1", "cluster2"]);
    expect(having(planned, peerSecrets)).toEqual(["cluster1", "cluster2"]);
    expect(having(planned, samples)).toEqual(["cluster1", "cluster2"]);
  });

  test("multi-primary-same-network", async () => {
    const planned = await plan("multi-primary-same-network");
    expect(having(planned, eastWestGateways)).toEqual([]);
    expect(having(planned, peerSecrets)).toEqual(["cluster1", "cluster2"]);
  });

  test("primary-remote-different-networks", async () => {
    const planned = await plan("primary-remote-different-networks");
    expect(having(planned, eastWestGateways)).toEqual(["cluster1", "cluster2"]);
    expect(having(planned, peerSecrets)).toEqual(["cluster1"]);
    expect(valuesOf(planned.recorder, "mesh-cluster2-istiod")).toMatchObject({ profile: "remote" });
    expect(planned.recorder.has("mesh-cluster1-eastwest-istiod")).toBe(true);
  });

  test("primary-remote-same-network", async () => {
    const planned = await plan("primary-remote-same-network");
    expect(having(planned, eastWestGateways)).toEqual(["cluster1"]);
    expect(planned.recorder.has("mesh-cluster1-eastwest-istiod")).toBe(true);
    expect(planned.recorder.has("mesh-cluster1-eastwest-cross-network")).toBe(false);
  });

  test("many-primaries-with-remotes", async () => {
    const planned = await plan("many-primaries-with-remotes");
    expect(having(planned, peerSecrets)).toEqual(["eu", "lab", "us"]);
    const exposed = planned.recorder.resources.filter(({ name }) => name.endsWith("-eastwest-istiod"));
    expect(exposed.map(({ name }) => name).sort()).toEqual([
      "mesh-eu-eastwest-istiod",
      "mesh-us-eastwest-istiod",
    ]);
    expect(having(planned, samples)).toHaveLength(6);
  });

  test("hub-and-spoke", async () => {
    const planned = await plan("hub-and-spoke");
    const keysOf = (member: string) =>
      Object.keys(planned.recorder.named(`mesh-${member}-peers-0`).inputs["stringData"] as object);
    expect(["hub", "spoke1", "spoke2"].map(keysOf)).toEqual([["spoke1", "spoke2"], ["hub"], ["hub"]]);
    expect(having(planned, eastWestGateways)).toEqual(["hub", "spoke1", "spoke2"]);
  });

  test("ingress", async () => {
    const { recorder } = await plan("ingress");
    expect(valuesOf(recorder, "mesh-cluster1-ingress-release")).toMatchObject({
      service: {
        type: "NodePort",
        ports: [{ port: 80, nodePort: 30080 }, { port: 443, nodePort: 30443 }, {}],
      },
    });
    const route = recorder.named("mesh-cluster1-ingress-helloworld.localhost-virtualservice");
    expect(route.inputs).toMatchObject({ spec: { hosts: ["helloworld.localhost"] } });
    expect(recorder.has("mesh-cluster2-ingress-release")).toBe(false);
  });

  test("bare-metallb", async () => {
    const planned = await plan("bare-metallb");
    const { recorder } = planned;
    expect(poolOf(recorder, "cluster1")).toEqual({ addresses: ["10.89.1.200-10.89.1.220"] });
    expect(poolOf(recorder, "cluster2")).toEqual({ addresses: ["10.89.1.221-10.89.1.240"] });
    expect(having(planned, peerSecrets)).toEqual(["cluster1"]);
    expect(recorder.has("mesh-cluster1-ingress-release")).toBe(true);
  });

  test("docker-network", async () => {
    const { recorder } = await plan("docker-network");
    expect(poolOf(recorder, "cluster1")).toEqual({ addresses: ["172.18.255.225-172.18.255.250"] });
    expect(poolOf(recorder, "cluster2")).toEqual({ addresses: ["172.18.255.200-172.18.255.224"] });
  });

  test("federated", async () => {
    const { recorder } = await plan("federated");
    const roots = ["cluster1", "cluster2", "cluster3"].map((member) => {
      const { annotations } = recorder.named(`mesh-${member}-cacerts`).inputs["metadata"] as {
        annotations: Record<string, string>;
      };
      return annotations["weft.dev/roots"];
    });
    expect(roots).toEqual(["cluster1,cluster2,cluster3", "cluster1,cluster2,cluster3", "cluster1,cluster3"]);
  });

  test("cert-manager", async () => {
    const { recorder } = await plan("cert-manager");
    const certificates = recorder.ofType("kubernetes:cert-manager.io/v1:Certificate");
    expect(certificates).toHaveLength(4);
    expect(certificates.map((name) => recorder.named(name).provider)).toEqual(Array(4).fill("management"));
    expect(recorder.ofType("tls:index/privateKey:PrivateKey")).toEqual([]);
  });

  test("provided-root", async () => {
    const { recorder } = await plan("provided-root");
    expect(recorder.ofType("tls:index/selfSignedCert:SelfSignedCert")).toEqual([]);
    // cluster2 brings its own.
    expect(recorder.ofType("tls:index/locallySignedCert:LocallySignedCert")).toEqual([
      expect.stringContaining("cluster1"),
    ]);
  });

  test("membership", async () => {
    const { spec } = await plan("membership");
    expect(spec.config.membership).toEqual({
      management: "management",
      clusterDeployments: true,
      clusters: { selector: "weft.dev/mesh=mesh1" },
    });
  });

  test("node-port", async () => {
    const { recorder } = await plan("node-port");
    expect(serviceOf(recorder, "cluster1").service).toMatchObject({
      type: "NodePort",
      ports: expect.arrayContaining([expect.objectContaining({ port: 15443, nodePort: 31443 })]) as unknown,
    });
    expect(valuesOf(recorder, "mesh-cluster2-istiod")).toMatchObject({
      global: {
        meshNetworks: {
          cluster1: {
            gateways: [
              { address: "192.0.2.11", port: 31443 },
              { address: "192.0.2.12", port: 31443 },
            ],
          },
        },
      },
    });
  });

  test("eks", async () => {
    const { recorder } = await plan("eks");
    expect(serviceOf(recorder, "eks-us").service).toMatchObject({
      type: "LoadBalancer",
      annotations: {
        "service.beta.kubernetes.io/aws-load-balancer-type": "external",
        "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
        "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
      },
      loadBalancerSourceRanges: ["10.0.0.0/8"],
    });
  });

  test("gke", async () => {
    const { recorder } = await plan("gke");
    expect(serviceOf(recorder, "gke-eu").service).toMatchObject({
      annotations: {
        "networking.gke.io/load-balancer-type": "Internal",
        "networking.gke.io/internal-load-balancer-allow-global-access": "true",
      },
    });
  });

  test("aks", async () => {
    const { recorder } = await plan("aks");
    expect(serviceOf(recorder, "aks-us").service).toMatchObject({
      annotations: { "service.beta.kubernetes.io/azure-load-balancer-internal": "true" },
    });
  });

  test("air-gapped", async () => {
    const { recorder } = await plan("air-gapped");
    const charts = recorder
      .ofType("kubernetes:helm.sh/v3:Release")
      .map((name) => recorder.named(name).inputs["chart"] as string);
    expect(charts.filter((chart) => !chart.startsWith("oci://registry.example/"))).toEqual([]);
    const images = recorder
      .ofType("kubernetes:apps/v1:Deployment")
      .map((name) => JSON.stringify(recorder.named(name).inputs["spec"]));
    expect(images).toHaveLength(6);
    expect(images.filter((spec) => !spec.includes('"image":"registry.example/'))).toEqual([]);
    expect(valuesOf(recorder, "mesh-cluster1-istiod")).toMatchObject({
      global: { hub: "registry.example/istio", tag: "1.30.5", imagePullSecrets: ["registry"] },
    });
  });
});

describe("what an example sets in the mesh config reaches every istiod, beside what Weft sets there:", () => {
  const meshConfigs = async (name: (typeof names)[number]) => {
    const { spec, recorder } = await plan(name);
    return spec.members.map(
      (member) => (valuesOf(recorder, `mesh-${member.name}-istiod`) as { meshConfig: object }).meshConfig,
    );
  };

  test("dns-capture", async () => {
    const proxyMetadata = { ISTIO_META_DNS_CAPTURE: "true", PROXY_CONFIG_XDS_AGENT: "true" };
    const each = { trustDomain: "cluster.local", defaultConfig: { proxyMetadata } };
    expect(await meshConfigs("dns-capture")).toEqual([each, each]);
  });

  test("locality-failover", async () => {
    const each = expect.objectContaining({
      localityLbSetting: {
        failover: [
          { from: "eu-west-1", to: "eu-central-1" },
          { from: "eu-central-1", to: "eu-west-1" },
          { from: "us-east-1", to: "eu-west-1" },
        ],
      },
    }) as object;
    expect(await meshConfigs("locality-failover")).toEqual([each, each, each]);
  });

  test("outlier-detection", async () => {
    const each = expect.objectContaining({
      defaultTrafficPolicy: {
        outlierDetection: {
          consecutive5xxErrors: 5,
          interval: "10s",
          baseEjectionTime: "30s",
          maxEjectionPercent: 50,
        },
      },
    }) as object;
    expect(await meshConfigs("outlier-detection")).toEqual([each, each]);
  });
});

test("every folder is an example that is planned here, with a README that names its file", () => {
  expect(readdirSync(folder).sort()).toEqual([...names].sort());
  for (const name of names) {
    expect(readFileSync(join(folder, name, "README.md"), "utf8")).toContain(`Pulumi.${name}.yaml`);
  }
});

test.each(["eks", "gke", "aks", "air-gapped"])("the README of %s says that it is untried", (name) => {
  expect(readFileSync(join(folder, name, "README.md"), "utf8")).toContain("\nUntried: ");
});
