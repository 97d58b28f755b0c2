import { X509Certificate } from "node:crypto";
import { parse } from "yaml";
import { certificatesOf } from "../../../components/root-ca/certificate-chain";
import { authority } from "../../mesh/authorities";
import { addressOf, valueOf, type Recorder } from "../mocks";
import { cluster, weave } from "../weave";

// A hundred members take long where other work has the processor.
jest.setTimeout(300_000);

const istioRepository = { repo: "https://istio-release.storage.googleapis.com/charts" };
const weft = { "app.kubernetes.io/managed-by": "weft" };
const release = { compat: "true", namespace: "istio-system", repositoryOpts: istioRepository, timeout: 600 };
const [first, second] = [cluster("a"), cluster("b")];
const pem = (label: string) => expect.stringMatching(new RegExp(`^-----BEGIN ${label}-----`)) as string;

/** Type, name, provider of everything, sorted. */
function listing(recorder: Recorder): string[] {
  return recorder.resources.map(({ type, name, provider }) => `${type} ${name} ${provider || "-"}`).sort();
}

describe("two primaries on networks of their own", () => {
  let recorder: Recorder;
  let members: Awaited<ReturnType<typeof weave>>["mesh"];

  beforeAll(async () => {
    ({ recorder, mesh: members } = await weave({ clusters: [second, first] }));
  });

  test("are these resources, each in its own cluster", () => {
    const of = (name: string) => [
      `kubernetes:core/v1:Namespace mesh-${name}-namespace ${name}`,
      `kubernetes:core/v1:Secret mesh-${name}-cacerts ${name}`,
      `kubernetes:core/v1:Secret mesh-${name}-peers-0 ${name}`,
      `kubernetes:core/v1:Secret mesh-${name}-remote-access-token-1 ${name}`,
      `kubernetes:core/v1:Service mesh-${name}-eastwest-service ${name}`,
      `kubernetes:helm.sh/v3:Release mesh-${name}-base ${name}`,
      `kubernetes:helm.sh/v3:Release mesh-${name}-eastwest-release ${name}`,
      `kubernetes:helm.sh/v3:Release mesh-${name}-istiod ${name}`,
      `kubernetes:networking.istio.io/v1:Gateway mesh-${name}-eastwest-cross-network ${name}`,
      `kubernetes:security.istio.io/v1:PeerAuthentication mesh-${name}-mtls ${name}`,
      `pulumi:providers:kubernetes ${name} -`,
      `tls:index/certRequest:CertRequest mesh-trust-${name}-intermediate-request -`,
      `tls:index/locallySignedCert:LocallySignedCert mesh-trust-${name}-intermediate-certificate -`,
      `tls:index/privateKey:PrivateKey mesh-trust-${name}-intermediate-key -`,
      `weft:gateway:EastWestGateway mesh-${name}-eastwest -`,
      `weft:mesh-member:MeshMember mesh-${name} -`,
      `weft:mesh-member:PeerSecret mesh-${name}-peers -`,
      `weft:mesh-member:RemoteAccess mesh-${name}-remote-access -`,
      `weft:root-ca:IntermediateCa mesh-trust-${name}-intermediate -`,
    ];
    expect(listing(recorder)).toEqual(
      [
        ...of("a"),
        ...of("b"),
        "tls:index/privateKey:PrivateKey mesh-trust-default-key -",
        "tls:index/selfSignedCert:SelfSignedCert mesh-trust-default-certificate -",
        "weft:mesh:Mesh mesh -",
        "weft:root-ca:RootCa mesh-trust-default -",
        "weft:root-ca:Trust mesh-trust -",
      ].sort(),
    );
    const read = recorder.resources.filter((resource) => resource.read).map(({ name }) => name);
    expect(read.sort()).toEqual(["mesh-a-eastwest-service", "mesh-b-eastwest-service"]);
  });

  test("have the namespace with its network", () => {
    expect(recorder.named("mesh-a-namespace").inputs).toEqual({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name: "istio-system",
        labels: {
          ...weft,
          "weft.dev/mesh": "mesh1",
          "weft.dev/member": "a",
          "topology.istio.io/network": "a",
        },
      },
    });
  });

  test("have a root of ten years that is reissued when a third of it is left", () => {
    expect(recorder.named("mesh-trust-default-key").inputs).toEqual({
      algorithm: "ECDSA",
      ecdsaCurve: "P256",
    });
    expect(recorder.named("mesh-trust-default-certificate").inputs).toEqual({
      privateKeyPem: pem("PRIVATE KEY"),
      subject: { organization: "Istio", commonName: "Root CA", locality: "default" },
      isCaCertificate: true,
      setSubjectKeyId: true,
      allowedUses: [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "cert_signing",
        "crl_signing",
      ],
      validityPeriodHours: 87_600,
      earlyRenewalHours: 29_200,
    });
  });

  test("have an intermediate of one year each", () => {
    expect(recorder.named("mesh-trust-a-intermediate-request").inputs).toEqual({
      privateKeyPem: pem("PRIVATE KEY"),
      subject: { organization: "Istio", commonName: "Intermediate CA", locality: "a" },
      dnsNames: ["istiod.istio-system.svc"],
    });
    expect(recorder.named("mesh-trust-a-intermediate-certificate").inputs).toEqual({
      certRequestPem: expect.any(String) as string,
      caCertPem: pem("CERTIFICATE"),
      caPrivateKeyPem: pem("PRIVATE KEY"),
      isCaCertificate: true,
      maxPathLength: 0,
      setSubjectKeyId: true,
      allowedUses: [
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "cert_signing",
        "crl_signing",
      ],
      validityPeriodHours: 8_760,
      earlyRenewalHours: 2_920,
    });
  });

  test("have cacerts whose chain leads from the intermediate to the root", () => {
    const { inputs } = recorder.named("mesh-a-cacerts");
    expect(inputs).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "cacerts",
        namespace: "istio-system",
        labels: weft,
        annotations: { "weft.dev/roots": "default", "weft.dev/signing-root": "default" },
      },
      stringData: {
        "ca-cert.pem": pem("CERTIFICATE"),
        "ca-key.pem": pem("PRIVATE KEY"),
        "cert-chain.pem": pem("CERTIFICATE"),
        "root-cert.pem": pem("CERTIFICATE"),
      },
    });
    const files = inputs["stringData"] as Record<string, string>;
    const [own, root] = certificatesOf(files["cert-chain.pem"]!);
    expect(own!.raw).toEqual(new X509Certificate(files["ca-cert.pem"]!).raw);
    expect(root!.raw).toEqual(new X509Certificate(files["root-cert.pem"]!).raw);
    expect(own!.verify(root!.publicKey)).toBe(true);
    expect(own!.subject).toBe("O=Istio\nCN=Intermediate CA\nL=a");
    expect(certificatesOf(files["root-cert.pem"]!)).toHaveLength(1);
  });

  test("have the releases with Weft's values", () => {
    expect(recorder.named("mesh-a-base").inputs).toEqual({
      ...release,
      name: "istio-base",
      chart: "base",
      version: "1.30.5",
      values: {},
    });
    expect(recorder.named("mesh-a-istiod").inputs).toEqual({
      ...release,
      name: "istiod",
      chart: "istiod",
      version: "1.30.5",
      skipAwait: false,
      values: {
        global: { meshID: "mesh1", multiCluster: { clusterName: "a" }, network: "a" },
        meshConfig: {
          trustDomain: "cluster.local",
          defaultConfig: { proxyMetadata: { PROXY_CONFIG_XDS_AGENT: "true" } },
        },
        pilot: {
          env: { ISTIO_MULTIROOT_MESH: "true" },
          podAnnotations: { "weft.dev/trust-bundle": expect.stringMatching(/^[0-9a-f]{64}$/) as string },
        },
      },
    });
    expect(recorder.named("mesh-a-eastwest-release").inputs).toEqual({
      ...release,
      name: "istio-eastwestgateway",
      chart: "gateway",
      version: "1.30.5",
      values: {
        name: "istio-eastwestgateway",
        labels: { "topology.istio.io/network": "a" },
        env: { ISTIO_META_REQUESTED_NETWORK_VIEW: "a" },
        rbac: { enabled: false },
        service: {
          type: "LoadBalancer",
          ports: [
            { name: "status-port", port: 15021, targetPort: 15021, protocol: "TCP" },
            { name: "tls", port: 15443, targetPort: 15443, protocol: "TCP" },
          ],
        },
      },
    });
  });

  test("have mutual TLS everywhere, and the services of all on the gateway", () => {
    expect(recorder.named("mesh-a-mtls").inputs).toEqual({
      apiVersion: "security.istio.io/v1",
      kind: "PeerAuthentication",
      metadata: { name: "default", namespace: "istio-system", labels: weft },
      spec: { mtls: { mode: "STRICT" } },
    });
    expect(recorder.named("mesh-a-eastwest-cross-network").inputs).toEqual({
      apiVersion: "networking.istio.io/v1",
      kind: "Gateway",
      metadata: { name: "cross-network-gateway", namespace: "istio-system", labels: weft },
      spec: {
        selector: { istio: "eastwestgateway" },
        servers: [
          {
            port: { number: 15443, name: "tls", protocol: "TLS" },
            tls: { mode: "AUTO_PASSTHROUGH" },
            hosts: ["*.local"],
          },
        ],
      },
    });
  });

  test("read each other by a token of the reader's service account", () => {
    expect(recorder.named("mesh-b-remote-access-token-1").inputs).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "weft-reader-token-1",
        namespace: "istio-system",
        labels: weft,
        annotations: {
          "kubernetes.io/service-account.name": "istio-reader-service-account",
          "pulumi.com/waitFor": "jsonpath={.data.token}",
        },
      },
      type: "kubernetes.io/service-account-token",
    });
    const { inputs } = recorder.named("mesh-a-peers-0");
    expect(inputs).toEqual({
      apiVersion: "v1",
      kind: "Secret",
      metadata: {
        name: "weft-peers",
        namespace: "istio-system",
        labels: { ...weft, "istio/multiCluster": "true" },
      },
      stringData: { b: expect.any(String) as string },
    });
    expect(parse((inputs["stringData"] as { b: string }).b)).toMatchObject({
      "current-context": "b",
      clusters: [
        {
          name: "b",
          cluster: {
            server: "https://b.example:6443",
            "certificate-authority-data": Buffer.from("ca-of-mesh-b-remote-access-token-1").toString(
              "base64",
            ),
          },
        },
      ],
      users: [{ name: "b", user: { token: "token-of-mesh-b-remote-access-token-1" } }],
    });
  });

  test("keep every key, token and kubeconfig secret", () => {
    const secrets = recorder.resources.flatMap(({ name, secrets: paths }) =>
      paths.map((path) => `${name} ${path}`),
    );
    expect(secrets.sort()).toEqual(
      ["a", "b"]
        .flatMap((name) => [
          ...["ca-cert", "ca-key", "cert-chain", "root-cert"].map(
            (file) => `mesh-${name}-cacerts stringData.${file}.pem`,
          ),
          `mesh-${name}-peers-0 stringData.${name === "a" ? "b" : "a"}`,
          `mesh-trust-${name}-intermediate-certificate caPrivateKeyPem`,
          `mesh-trust-${name}-intermediate-request privateKeyPem`,
        ])
        .concat("mesh-trust-default-certificate privateKeyPem")
        .sort(),
    );
  });

  test("are created in an order that istiod understands", () => {
    const orders: [later: string, earlier: string][] = [
      ["mesh-a-istiod", "mesh-a-cacerts"],
      ["mesh-a-istiod", "mesh-a-base"],
      ["mesh-a-mtls", "mesh-a-istiod"],
      ["mesh-a-eastwest-release", "mesh-a-istiod"],
      ["mesh-a-eastwest-cross-network", "mesh-a-istiod"],
      ["mesh-a-eastwest-service", "mesh-a-eastwest-release"],
      // A renewed token must not meet an istiod that has not been upgraded yet.
      ["mesh-a-peers-0", "mesh-a-istiod"],
      // A peer is worth reading when its istiod's chart has said what may be read.
      ["mesh-a-peers-0", "mesh-b-istiod"],
    ];
    expect(orders.filter(([later, earlier]) => !recorder.isAfter(later, earlier))).toEqual([]);
  });

  test("wait for each other nowhere else", () => {
    const own = (name: string) => recorder.resources.filter((resource) => resource.provider === name);
    const across = own("a").flatMap((a) =>
      own("b")
        .filter((b) => recorder.isAfter(a.name, b.name))
        .map(() => a.name),
    );
    expect([...new Set(across)]).toEqual(["mesh-a-peers-0"]);
  });

  test("are children of their member, whose provider they inherit", () => {
    expect(recorder.parentOf("mesh-a")).toBe("mesh");
    for (const name of ["mesh-a-istiod", "mesh-a-peers", "mesh-a-eastwest", "mesh-a-remote-access"]) {
      expect([name, recorder.parentOf(name)]).toEqual([name, "mesh-a"]);
    }
  });

  test("tell address, version and root, and no secret", async () => {
    const { eastWestAddress, istiodVersion, uid, ...plain } = members.members["a"]!;
    expect(plain).toEqual({ network: "a", role: "primary" });
    expect(await valueOf(uid)).toEqual({ value: "uid-of-mesh-a-namespace", secret: false });
    expect(await valueOf(eastWestAddress!)).toEqual({
      value: addressOf("mesh-a-eastwest-service"),
      secret: false,
    });
    expect(await valueOf(istiodVersion)).toEqual({ value: "1.30.5", secret: false });
    const root = new X509Certificate(
      (recorder.named("mesh-a-cacerts").inputs["stringData"] as Record<string, string>)["root-cert.pem"]!,
    );
    expect(await valueOf(members.root!.fingerprint)).toEqual({ value: root.fingerprint256, secret: false });
    expect(await valueOf(members.root!.expiry)).toEqual({
      value: "2036-01-01T00:00:00.000Z",
      secret: false,
    });
  });
});

describe("a mesh of any size", () => {
  const members = (count: number) => Array.from({ length: count }, (_, index) => cluster(`c${index}`));

  test.each([2, 10, 100])("has the same resources per member, with %i of them", async (count) => {
    const { recorder } = await weave({ clusters: members(count) });
    const common = 5;
    expect(recorder.resources).toHaveLength(common + 19 * count);
  });

  test("does not depend on the order of the list", async () => {
    const [forwards, backwards] = [members(4), members(4).reverse()];
    const before = await weave({ clusters: forwards });
    const after = await weave({ clusters: backwards });
    expect(listing(after.recorder)).toEqual(listing(before.recorder));
  });

  test("gains only what belongs to a joining member, and loses it again", async () => {
    const three = listing((await weave({ clusters: members(3) })).recorder);
    const four = listing((await weave({ clusters: members(4) })).recorder);
    expect(three.filter((line) => !four.includes(line))).toEqual([]);
    expect(four.filter((line) => !three.includes(line) && !line.includes("c3"))).toEqual([]);
  });

  test("has neither exchange nor gateway when it is one cluster", async () => {
    const { recorder, mesh } = await weave({ clusters: [first] });
    expect(recorder.ofType("kubernetes:core/v1:Secret")).toEqual(["mesh-a-cacerts"]);
    expect(recorder.ofType("kubernetes:helm.sh/v3:Release")).toEqual(["mesh-a-base", "mesh-a-istiod"]);
    expect(mesh.members["a"]!.eastWestAddress).toBeUndefined();
  });
});

describe("renewing tokens", () => {
  test("is a Secret of another name, which the readers get", async () => {
    const { recorder } = await weave({
      mesh: { remoteAccess: { generation: 3 } },
      clusters: [first, cluster("b", { remoteAccess: { generation: 4 } })],
    });
    expect(recorder.named("mesh-a-remote-access-token-3").inputs["metadata"]).toMatchObject({
      name: "weft-reader-token-3",
    });
    const { stringData } = recorder.named("mesh-a-peers-0").inputs as { stringData: { b: string } };
    expect(stringData.b).toContain("token: token-of-mesh-b-remote-access-token-4");
  });
});

describe("settings", () => {
  test("reach the objects that they are about", async () => {
    const { recorder } = await weave({
      mesh: {
        id: "mesh7",
        mtls: "permissive",
        telemetry: { tracing: [{ providers: [{ name: "envoy" }], randomSamplingPercentage: 10 }] },
        trust: { algorithm: "RSA-4096", rootLifetimeDays: 100, intermediateLifetimeDays: 10 },
        istio: { crds: "remove", charts: { oci: "oci://registry.example/istio/" } },
      },
      clusters: [first, cluster("b", { apiServer: "https://10.0.0.5:6443", istio: { version: "1.31.2" } })],
    });
    expect(recorder.named("mesh-a-mtls").inputs["spec"]).toEqual({ mtls: { mode: "PERMISSIVE" } });
    expect(recorder.named("mesh-a-telemetry").inputs).toEqual({
      apiVersion: "telemetry.istio.io/v1",
      kind: "Telemetry",
      metadata: { name: "mesh-default", namespace: "istio-system", labels: weft },
      spec: { tracing: [{ providers: [{ name: "envoy" }], randomSamplingPercentage: 10 }] },
    });
    expect(recorder.named("mesh-trust-a-intermediate-key").inputs).toEqual({
      algorithm: "RSA",
      rsaBits: 4096,
    });
    expect(recorder.named("mesh-trust-default-certificate").inputs).toMatchObject({
      validityPeriodHours: 2400,
      earlyRenewalHours: 800,
    });
    expect(recorder.named("mesh-trust-b-intermediate-certificate").inputs).toMatchObject({
      validityPeriodHours: 240,
      earlyRenewalHours: 80,
    });
    expect(recorder.named("mesh-b-istiod").inputs).toMatchObject({
      chart: "oci://registry.example/istio/istiod",
      version: "1.31.2",
      values: { global: { meshID: "mesh7" } },
    });
    expect(recorder.named("mesh-a-base").inputs["postrender"]).toMatch(/crds-leave-with-release\.sh$/);
    expect((recorder.named("mesh-a-peers-0").inputs["stringData"] as { b: string }).b).toContain(
      "server: https://10.0.0.5:6443",
    );
  });

  test("of how peers get to an API server reach those that read it, and nobody else", async () => {
    const { certificate } = await authority("own");
    const apiServer = {
      url: "https://b.internal:6443",
      caData: certificate,
      tlsServerName: "b.example",
      proxyUrl: "http://me:s3cr3t@bastion:3128",
    };
    const { recorder } = await weave({ clusters: [first, cluster("b", { apiServer })] });
    const peers = recorder.named("mesh-a-peers-0");
    expect(peers.secrets).toEqual(["stringData.b"]);
    expect(parse((peers.inputs["stringData"] as { b: string }).b)).toMatchObject({
      clusters: [
        {
          name: "b",
          cluster: {
            server: "https://b.internal:6443",
            "certificate-authority-data": Buffer.from(certificate).toString("base64"),
            "tls-server-name": "b.example",
            "proxy-url": "http://me:s3cr3t@bastion:3128",
          },
        },
      ],
      users: [{ name: "b", user: { token: "token-of-mesh-b-remote-access-token-1" } }],
    });
    const elsewhere = recorder.resources.filter((resource) => resource !== peers);
    expect(JSON.stringify(elsewhere.map(({ inputs }) => inputs))).not.toContain("s3cr3t");
  });
});
