import {
  baseValues,
  cniValues,
  injectorValues,
  primaryValues,
  remoteValues as valuesOf,
  type InjectorArgs,
  trustBundleAnnotation,
} from "../../../components/mesh-member/istio-chart-values";

const primary = {
  meshId: "mesh1",
  cluster: "cluster1",
  network: "network1",
  trustDomain: "example.org",
  servesRemotes: false,
};

describe("values of the base chart", () => {
  it("are empty on a primary without a revision", () => {
    expect(baseValues({ role: "primary" })).toEqual({});
  });

  it("name the profile on a remote and the revision that validates", () => {
    expect(baseValues({ role: "remote", revision: "canary" })).toEqual({
      profile: "remote",
      defaultRevision: "canary",
    });
  });
});

describe("values of the cni chart", () => {
  it("are empty where nothing is said", () => {
    expect(cniValues({})).toEqual({});
  });

  it("name the platform and where images come from", () => {
    const images = {
      hub: "registry.example.org/istio",
      tag: "1.30.5-distroless",
      imagePullSecrets: ["pull"],
    };
    expect(cniValues({ platform: "k3s", ...images })).toEqual({ global: { platform: "k3s", ...images } });
  });
});

describe("values of istiod on a primary", () => {
  it("count on the CNI plugin where it is installed", () => {
    expect(primaryValues({ ...primary, hasCni: true })["pilot"]).toEqual({
      cni: { enabled: true },
      env: { ISTIO_MULTIROOT_MESH: "true" },
    });
  });

  it("say who it is in the mesh, and let roots come and go, and nothing else", () => {
    expect(primaryValues(primary)).toEqual({
      global: { meshID: "mesh1", multiCluster: { clusterName: "cluster1" }, network: "network1" },
      meshConfig: {
        trustDomain: "example.org",
        defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: "true" } },
      },
      pilot: { env: { ISTIO_MULTIROOT_MESH: "true" } },
    });
  });

  it("carry everything that can be configured", () => {
    expect(
      primaryValues({
        ...primary,
        revision: "canary",
        hub: "registry.example.org/istio",
        tag: "1.30.5-distroless",
        imagePullSecrets: ["pull"],
        servesRemotes: true,
        hosts: ["mesh.example.org", "10.0.0.9", "mesh.example.net"],
        gateways: [
          { network: "network2", cluster: "cluster2", addresses: ["10.0.0.2", "10.0.0.3"], port: 31443 },
          { network: "network2", cluster: "cluster3", addresses: ["10.0.0.4"], port: 15443 },
          { network: "network4", cluster: "cluster4", addresses: ["gw.example.org"], port: 32000 },
        ],
        bundleFingerprint: "abc",
      }),
    ).toEqual({
      revision: "canary",
      global: {
        meshID: "mesh1",
        multiCluster: { clusterName: "cluster1" },
        network: "network1",
        meshNetworks: {
          network2: {
            endpoints: [{ fromRegistry: "cluster2" }, { fromRegistry: "cluster3" }],
            gateways: [
              { address: "10.0.0.2", port: 31443 },
              { address: "10.0.0.3", port: 31443 },
              { address: "10.0.0.4", port: 15443 },
            ],
          },
          network4: {
            endpoints: [{ fromRegistry: "cluster4" }],
            gateways: [{ address: "gw.example.org", port: 32000 }],
          },
        },
        externalIstiod: true,
        hub: "registry.example.org/istio",
        tag: "1.30.5-distroless",
        imagePullSecrets: ["pull"],
      },
      meshConfig: {
        trustDomain: "example.org",
        defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: "true" } },
      },
      pilot: {
        env: { ISTIO_MULTIROOT_MESH: "true", ISTIOD_CUSTOM_HOST: "mesh.example.org,mesh.example.net" },
        podAnnotations: { [trustBundleAnnotation]: "abc" },
      },
    });
  });

  it("do not put IP addresses into istiod's certificate, and leave the variable out when nothing else is there", () => {
    expect(primaryValues({ ...primary, hosts: ["10.0.0.9", "2001:db8::9"] }).pilot).toEqual({
      env: { ISTIO_MULTIROOT_MESH: "true" },
    });
  });
});

describe("values of istiod on a remote", () => {
  const remote = { cluster: "cluster2", network: "network2", version: "1.30.5" };
  const remoteValues = ({ revision, ...args }: InjectorArgs & { revision?: string }) =>
    valuesOf({ revision, remotePilotAddress: args.address, injector: injectorValues(args) });

  it("lead to an IP address through the chart's Service", () => {
    expect(remoteValues({ ...remote, address: "10.0.0.9" })).toEqual({
      profile: "remote",
      istiodRemote: { injectionPath: "/inject/cluster/cluster2/net/network2" },
      global: { configCluster: true, remotePilotAddress: "10.0.0.9" },
    });
  });

  it("name the revision", () => {
    expect(remoteValues({ ...remote, revision: "canary", address: "10.0.0.9" }).revision).toBe("canary");
  });

  it("inject by URL where the address is a DNS name, because an ExternalName Service maps no port", () => {
    expect(
      remoteValues({
        ...remote,
        address: "mesh.example.org",
        istiodHosts: ["mesh.example.org"],
      }),
    ).toEqual({
      profile: "remote",
      istiodRemote: {
        injectionURL: "https://mesh.example.org:15017/inject/cluster/cluster2/net/network2",
      },
      global: { configCluster: true, remotePilotAddress: "mesh.example.org" },
    });
  });

  it("refuse a DNS name that istiod's certificate does not carry, and say what to set", () => {
    expect(() => remoteValues({ ...remote, address: "lb-1.elb.example.com" })).toThrow(
      /^cluster2: .* DNS name lb-1\.elb\.example\.com, .*Give the primary eastWest\.addresses/,
    );
  });

  it.each(["1.28.3", "1.29.6"])(
    "refuse an IPv6 address for charts of %s, which take it for a name",
    (version) => {
      expect(() => remoteValues({ ...remote, version, address: "2001:db8::9" })).toThrow(
        /^cluster2: .* IPv6 address 2001:db8::9/,
      );
    },
  );

  it.each(["1.30.0-rc.0", "1.30.3", "1.31.0-rc.0"])("take an IPv6 address for charts of %s", (version) => {
    expect(remoteValues({ ...remote, version, address: "2001:db8::9" }).global).toEqual({
      configCluster: true,
      remotePilotAddress: "2001:db8::9",
    });
  });
});
