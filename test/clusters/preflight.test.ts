import { X509Certificate } from "node:crypto";
import { mkdtemp, rm, writeFile, mkdir } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import os from "node:os";
import { join } from "node:path";
import { resolveKubeconfigs } from "../../clusters/kubeconfig";
import { peerKubeconfig } from "../../mesh/peer-kubeconfig";
import { preflight } from "../../clusters/preflight";
import { lastUp } from "../../mesh/last-up";
import { parseMesh } from "../../mesh/parse";
import { ConfigError, type Problem } from "../../mesh/problems";
import type { LiveMember } from "../../mesh/live-member";
import { authority } from "../mesh/authorities";
import {
  makeIdentity,
  startFakeApiServer,
  type Answer,
  type FakeApiServer,
  type Identity,
  type Request,
} from "./fake-api-server";

const TOKEN = "s3cr3t-token";

let identity: Identity;
let charts: string;
const servers: FakeApiServer[] = [];
beforeAll(async () => {
  identity = await makeIdentity();
  charts = await mkdtemp(join(os.tmpdir(), "weft-charts-"));
  for (const chart of ["base", "istiod", "gateway"]) {
    await mkdir(join(charts, chart));
    await writeFile(join(charts, chart, "Chart.yaml"), `name: ${chart}\n`);
  }
});
afterAll(() => rm(charts, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Cluster {
  uid?: string;
  /** Metadata of namespace istio-system; without it there is none. */
  namespace?: object;
  version?: string;
  deployments?: object[];
  /** Names of Secrets in istio-system. */
  secrets?: string[];
  cacerts?: object;
  /** Contents of Secret weft-peers by key. */
  peers?: Record<string, string>;
  /** PEM in ConfigMap kube-root-ca.crt. */
  clusterCa?: string;
  /** Contents of `weft-reader-token-1`. */
  readerToken?: string;
  denied?: (attributes: Record<string, string>) => boolean;
  override?: (request: Request) => Answer | "usual" | Promise<"usual">;
}

/** Answers as a cluster's API server does. */
function cluster({
  uid = "uid-1",
  namespace,
  version = "v1.34.2",
  deployments,
  secrets,
  cacerts,
  peers,
  clusterCa,
  readerToken,
  denied,
  override,
}: Cluster = {}) {
  return async (request: Request): Promise<Answer> => {
    const special = (await override?.(request)) ?? "usual";
    if (special !== "usual") return special;
    const { path, body } = request;
    if (path === "/version") return { gitVersion: version };
    if (path === "/api/v1/namespaces/kube-system") return { metadata: { uid } };
    if (path === "/api/v1/namespaces/istio-system") return namespace && { metadata: namespace };
    if (path.endsWith("/selfsubjectaccessreviews")) {
      const attributes = (body as { spec: { resourceAttributes: Record<string, string> } }).spec
        .resourceAttributes;
      return { status: { allowed: !(denied?.(attributes) ?? false) } };
    }
    if (path.startsWith("/apis/apps/v1/namespaces/istio-system/deployments?"))
      return { items: deployments ?? [] };
    if (path.endsWith("/secrets/weft-reader-token-1") && readerToken !== undefined) {
      return { data: { token: Buffer.from(readerToken).toString("base64") } };
    }
    if (path.endsWith("/tokenreviews")) {
      const { token } = (body as { spec: { token: string } }).spec;
      return { status: { authenticated: token === readerToken } };
    }
    if (path === "/api/v1/namespaces/istio-system/secrets") {
      return {
        items: (secrets ?? (readerToken === undefined ? [] : ["weft-reader-token-1"])).map((name) => ({
          metadata: { name },
        })),
      };
    }
    if (path === "/api/v1/namespaces/istio-system/secrets/cacerts") return cacerts;
    if (path.startsWith("/api/v1/namespaces/istio-system/secrets?")) {
      const data = Object.entries(peers ?? {}).map(([key, value]) => [
        key,
        Buffer.from(value).toString("base64"),
      ]);
      return { items: [{ data: Object.fromEntries(data) as object }] };
    }
    if (path.endsWith("/kube-root-ca.crt"))
      return clusterCa === undefined ? undefined : { data: { "ca.crt": clusterCa } };
    return undefined;
  };
}

async function start(
  answer: Parameters<typeof startFakeApiServer>[1] = cluster(),
  as = identity,
  headers: Record<string, string> = {},
): Promise<FakeApiServer> {
  const server = await startFakeApiServer(as, answer, headers);
  servers.push(server);
  return server;
}

function istiod(image: string, labels: Record<string, string> = {}) {
  return {
    metadata: { labels },
    spec: { template: { spec: { containers: [{ name: "discovery", image }] } } },
  };
}

interface Run {
  last?: unknown;
  /** `apiServer` of the first member. */
  apiServer?: unknown;
  mesh?: Record<string, unknown>;
  timeoutMs?: number;
  warn?: (message: string) => void;
}

async function run(
  kubeconfigs: string[],
  { last, apiServer, mesh: extra, timeoutMs, warn = () => {} }: Run = {},
): Promise<LiveMember[]> {
  const mesh = parseMesh({
    mesh: { istio: { charts: { path: charts } }, remoteAccess: { allowLoopback: true }, ...extra },
    clusters: kubeconfigs.map((kubeconfig, index) => ({
      name: `cluster${index + 1}`,
      kubeconfig,
      ...(index === 0 && apiServer !== undefined ? { apiServer } : {}),
    })),
  });
  return preflight(mesh, await resolveKubeconfigs(mesh), { last: lastUp(last), warn, timeoutMs });
}

async function problemsOf(kubeconfigs: string[], options?: Run): Promise<Problem[]> {
  const error: unknown = await run(kubeconfigs, options).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error("expected a ConfigError", { cause: error });
  expect(JSON.stringify([error.message, error.problems])).not.toContain(TOKEN);
  return error.problems;
}

const look =
  "`kubectl --kubeconfig <(pulumi config get --path 'weft:clusters[0].kubeconfig') --context here get --raw /readyz`";

test("a member whose clock is far from this machine's is refused", async () => {
  const [right, wrong] = [
    await start(),
    await start(cluster({ uid: "uid-2" }), identity, {
      Date: new Date(Date.now() - 3_600_000).toUTCString(),
    }),
  ];
  expect(await problemsOf([right.kubeconfig(), wrong.kubeconfig()])).toEqual([
    expect.objectContaining({
      path: "weft:clusters[1]",
      value: wrong.url,
      message: expect.stringMatching(/^The clock of cluster2 is \d+ min behind this machine's\./) as string,
    }),
  ]);
});

describe("a member that does not answer", () => {
  const last = {
    members: {
      cluster1: { role: "primary", network: "cluster1", uid: "u1", eastWestAddress: "192.0.2.1" },
      cluster2: { role: "primary", network: "cluster2" },
    },
  };
  const tolerant = { tolerateUnreachable: true };

  async function gone(): Promise<string> {
    const server = await startFakeApiServer(identity, cluster());
    const kubeconfig = server.kubeconfig();
    await server.close();
    return kubeconfig;
  }

  test("is refused, unless that is tolerated: then it is as the last `up` left it, and all are told", async () => {
    const kubeconfigs = [await gone(), (await start(cluster({ uid: "uid-2" }))).kubeconfig()];
    const [refused] = await problemsOf(kubeconfigs, { last });
    expect(refused).toMatchObject({
      path: "weft:clusters[0]",
      message: "The API server cannot be reached (ECONNREFUSED).",
    });

    const told: string[] = [];
    const live = await run(kubeconfigs, {
      last: { members: { cluster1: last.members.cluster1 } },
      mesh: tolerant,
      warn: (message) => told.push(message),
    });
    expect(live).toEqual([
      {
        name: "cluster1",
        unreachable: true,
        tokenGenerations: [],
        eastWest: { address: "192.0.2.1" },
        namespace: { uid: "u1", mesh: "mesh1", member: "cluster1", network: "cluster1" },
      },
      expect.objectContaining({ name: "cluster2" }),
    ]);
    expect(told).toEqual([
      expect.stringMatching(
        /^cluster1 is left as it is \(weft:mesh\.tolerateUnreachable\): https:.* The API server cannot be reached \(ECONNREFUSED\)\. .* counts as failed\.$/,
      ),
    ]);
  });

  test("is not tolerated where nobody answers: then it is this machine that is cut off", async () => {
    const problems = await problemsOf([await gone(), await gone()], { last, mesh: tolerant });
    expect(problems.map(({ path }) => path)).toEqual(
      expect.arrayContaining(["weft:clusters[0]", "weft:clusters[1]"]),
    );
  });

  test("is one that does not; one that refuses is there, and is refused", async () => {
    const other = await start(cluster({ uid: "uid-2" }));
    const refusing = await start(() => 401);
    const problems = await problemsOf([refusing.kubeconfig(), other.kubeconfig()], { last, mesh: tolerant });
    expect(problems.map(({ message }) => message)).toEqual([
      "The API server does not accept the credentials of context here (401 Unauthorized).",
    ]);
  });

  test("is not asked when it is evicted", async () => {
    const live = await run([await gone(), (await start()).kubeconfig()], {
      mesh: { evicting: ["cluster1"] },
    });
    expect(live.map(({ name }) => name)).toEqual(["cluster2"]);
  });
});

describe("what is read of each member", () => {
  test("is nothing of Weft on a fresh cluster", async () => {
    const server = await start();
    expect(await run([server.kubeconfig()])).toEqual([{ name: "cluster1", tokenGenerations: [] }]);
    expect(server.requests.every(({ headers }) => headers.authorization === `Bearer ${TOKEN}`)).toBe(true);
  });

  test("is istiod's version, the generations of the tokens and the roots", async () => {
    const { certificate } = await authority("Root", { subject: "CN=Root CA, L=default, O=Istio" });
    const server = await start(
      cluster({
        deployments: [
          istiod("docker.io/istio/pilot:1.30.5"),
          istiod("hub:5000/istio/pilot:1.30.3-distroless", { "istio.io/rev": "blue" }),
        ],
        secrets: ["weft-reader-token-10", "weft-reader-token-1", "weft-reader-token-old", "cacerts"],
        cacerts: {
          metadata: {
            annotations: {
              "weft.dev/roots": "default",
              "weft.dev/signing-root": "default",
              "weft.dev/intermediate-generation": "2",
            },
          },
          data: {
            "root-cert.pem": Buffer.from(certificate).toString("base64"),
            "ca-cert.pem": Buffer.from("the intermediate").toString("base64"),
          },
        },
      }),
    );
    expect(await run([server.kubeconfig()])).toEqual([
      {
        name: "cluster1",
        istiodVersion: "1.30.3",
        istiods: {
          default: { version: "1.30.5", isReady: false },
          blue: { version: "1.30.3", isReady: false },
        },
        tags: {},
        users: {},
        peers: {},
        tokenGenerations: [1, 10],
        roots: ["default"],
        signingRoot: "default",
        rootBundle: certificate,
        intermediate: "the intermediate",
        intermediateGeneration: 2,
      },
    ]);
  });

  test("is where its tags lead, which istiods are ready, and what uses one that stack config does not name", async () => {
    const running = (revision: string, readyReplicas: number) => ({
      metadata: {
        labels: { "istio.io/rev": revision },
        annotations: { "meta.helm.sh/release-name": "istiod" },
      },
      spec: {
        replicas: 2,
        template: { spec: { containers: [{ name: "discovery", image: "hub/pilot:1.30.5" }] } },
      },
      status: { readyReplicas, updatedReplicas: 2 },
    });
    const lists: Record<string, object[]> = {
      "/api/v1/namespaces": [{ name: "shop", labels: { "istio.io/rev": "prod" } }],
      "/api/v1/pods": [
        {
          name: "cart-1",
          namespace: "shop",
          annotations: { "sidecar.istio.io/status": JSON.stringify({ revision: "blue" }) },
        },
      ],
      "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations": [
        { name: "istio-revision-tag-prod", labels: { "istio.io/tag": "prod", "istio.io/rev": "blue" } },
      ],
    };
    const asked: string[] = [];
    const override = ({ path }: { path: string }) => {
      asked.push(path);
      const items = lists[path.split("?")[0]!];
      return items === undefined ? "usual" : { items: items.map((metadata) => ({ metadata })) };
    };
    const server = await start(
      cluster({ deployments: [running("default", 2), running("blue", 1)], override }),
    );
    expect(await run([server.kubeconfig()])).toMatchObject([
      {
        istiods: {
          default: { version: "1.30.5", isReady: true, release: "istiod" },
          blue: { version: "1.30.5", isReady: false, release: "istiod" },
        },
        tags: { prod: "blue" },
        users: { blue: ["tag prod", "namespace shop", "1 pod of shop/cart-1"] },
      },
    ]);

    asked.length = 0;
    const calm = await start(cluster({ deployments: [running("default", 2)], override }));
    expect((await run([calm.kubeconfig()]))[0]).not.toHaveProperty("users");
    expect(asked.filter((path) => path.startsWith("/api/v1/pods"))).toEqual([]);
  });

  test("is what its namespace says: which it is, whose, and where it stands", async () => {
    const namespace = {
      uid: "uid-of-namespace",
      labels: {
        "weft.dev/mesh": "mesh1",
        "weft.dev/member": "cluster1",
        "topology.istio.io/network": "cluster1",
      },
    };
    const annotations = { "topology.istio.io/controlPlaneClusters": "cluster2" };
    const [primary, remote] = [
      await start(cluster({ namespace })),
      await start(cluster({ namespace: { ...namespace, annotations } })),
    ];
    const said = { uid: "uid-of-namespace", mesh: "mesh1", member: "cluster1", network: "cluster1" };
    expect((await run([primary.kubeconfig()]))[0]!.namespace).toEqual(said);
    expect((await run([remote.kubeconfig()]))[0]!.namespace).toEqual({ ...said, servedBy: "cluster2" });
  });

  test.each([
    ["hub/pilot:1.31.0-rc.0", {}, "1.31.0-rc.0"],
    ["hub/pilot:1.30.5@sha256:00", {}, "1.30.5"],
    ["hub:5000/pilot@sha256:00", { "app.kubernetes.io/version": "1.30.4" }, "1.30.4"],
    ["hub:5000/pilot:mine", { "app.kubernetes.io/version": "1.30.4" }, "1.30.4"],
    ["hub:5000/pilot", {}, undefined],
  ])("for an istiod of image %s labelled %j it is version %s", async (image, labels, version) => {
    const server = await start(cluster({ deployments: [istiod(image, labels)] }));
    expect((await run([server.kubeconfig()]))[0]!.istiodVersion).toBe(version);
  });

  test.each([
    [{ ip: "203.0.113.7" }, { address: "203.0.113.7" }],
    [{ hostname: "lb.example.com" }, { address: "lb.example.com" }],
    [undefined, {}],
  ])("are the gateways in istio-system, at %j", async (given, gateway) => {
    const status = { loadBalancer: given === undefined ? {} : { ingress: [given] } };
    for (const key of ["ingress", "eastWest"] as const) {
      const service = `istio-${key.toLowerCase()}gateway`;
      const answers = (request: Request) =>
        request.path === `/api/v1/namespaces/istio-system/services/${service}` ? { status } : "usual";
      const server = await start(cluster({ override: answers }));
      expect((await run([server.kubeconfig()]))[0]).toMatchObject({ [key]: gateway });
    }
  });

  test("is the contents of no Secret but cacerts, and of the newest token where peers have it", async () => {
    const server = await start();
    await run([server.kubeconfig()]);
    const secrets = server.requests
      .filter(({ path }) => path.includes("/secrets"))
      .map(({ path, headers }) => `${path} ${headers.accept as string}`)
      .sort();
    expect(secrets).toEqual([
      "/api/v1/namespaces/istio-system/secrets application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
      "/api/v1/namespaces/istio-system/secrets/cacerts application/json",
    ]);

    const secretNames = ["weft-reader-token-2", "weft-reader-token-10", "weft-peers-0"];
    const read = await start(cluster({ secrets: secretNames }));
    await run([read.kubeconfig(), (await start(cluster({ uid: "uid-2" }))).kubeconfig()]);
    const contents = read.requests.filter(({ path }) => path.includes("/secrets/"));
    expect(contents.map(({ path }) => path).sort()).toEqual([
      "/api/v1/namespaces/istio-system/secrets/cacerts",
      "/api/v1/namespaces/istio-system/secrets/weft-reader-token-10",
    ]);
  });

  test("is what an istiod that a change of it harms knows of its peers, without their tokens", async () => {
    const access = {
      cluster: "east",
      server: "https://east.example:6443",
      token: "e4st-t0ken",
      caData: Buffer.from(identity.ca).toString("base64"),
      insecureSkipTlsVerify: false,
    };
    const by = { tlsServerName: "west.internal", proxyUrl: "http://bastion:1", insecureSkipTlsVerify: true };
    const peers = {
      east: peerKubeconfig(access),
      west: peerKubeconfig({ ...access, ...by }),
      other: "no: [kubeconfig",
    };
    const server = await start(cluster({ deployments: [istiod("hub/pilot:1.30.3")], peers }));
    const [live] = await run([server.kubeconfig()]);
    expect(live!.peers).toEqual({
      east: {
        server: "https://east.example:6443",
        insecureSkipTlsVerify: false,
        ca: [new X509Certificate(identity.ca).fingerprint256],
      },
      west: {
        server: "https://east.example:6443",
        ...by,
      },
    });
    expect(JSON.stringify(live)).not.toContain("e4st-t0ken");
  });

  test("is read without any request that changes something", async () => {
    const server = await start();
    await run([server.kubeconfig()]);
    const writes = server.requests.filter(({ method }) => method !== "GET");
    expect(new Set(writes.map(({ path }) => path))).toEqual(
      new Set(["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"]),
    );
  });
});

test("no connection stays open, which would keep the process alive", async () => {
  const [good, bad] = [await start(), await start(() => 401)];
  await run([good.kubeconfig()]);
  await problemsOf([bad.kubeconfig()]);
  for (const server of [good, bad]) {
    expect(server.requests).not.toEqual([]);
    while ((await server.connections()) > 0) await new Promise(setImmediate);
  }
});

describe("an API server", () => {
  test("that is not there", async () => {
    const server = await start();
    const kubeconfig = server.kubeconfig();
    await server.close();
    servers.pop();
    expect(await problemsOf([kubeconfig])).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: "The API server cannot be reached (ECONNREFUSED).",
        remedy: `See what ${look} says, and check that the cluster is up and that \`server\` in the kubeconfig in stack config is its address.`,
      },
    ]);
  });

  test("that never answers", async () => {
    const server = await start(() => "silence");
    expect(await problemsOf([server.kubeconfig()], { timeoutMs: 100 })).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: "The API server did not answer within 0.1 s.",
        remedy: `See what ${look} says: often a VPN, a firewall or an address of another network is in the way.`,
      },
    ]);
  });

  test("whose certificate another authority signed", async () => {
    const server = await start(cluster(), await makeIdentity());
    const stranger = Buffer.from(identity.ca).toString("base64");
    expect(
      await problemsOf([server.kubeconfig({ cluster: { "certificate-authority-data": stranger } })]),
    ).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: expect.stringMatching(
          /^The API server's certificate is not signed by the certificate authority in the kubeconfig in stack config \([A-Z_]+\)\.$/,
        ) as string,
        remedy: "Get a new kubeconfig: the cluster was made anew, or another one answers at this address.",
      },
    ]);
  });

  test("whose certificate nobody vouches for", async () => {
    const server = await start();
    expect(
      await problemsOf([server.kubeconfig({ cluster: { "certificate-authority-data": undefined } })]),
    ).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: expect.stringMatching(
          /^The API server's certificate is signed by nobody that this machine trusts \([A-Z_]+\)\.$/,
        ) as string,
        remedy:
          "Give its `certificate-authority-data` in the kubeconfig in stack config, or name a file of trusted certificates in $NODE_EXTRA_CA_CERTS.",
      },
    ]);
  });

  test("whose certificate is for another name", async () => {
    const server = await start(cluster(), await makeIdentity(["kubernetes.default"]));
    expect(await problemsOf([server.kubeconfig()])).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: "The API server's certificate is not for this host (ERR_TLS_CERT_ALTNAME_INVALID).",
        remedy:
          "In the kubeconfig in stack config, use an address that is in the certificate, or set `tls-server-name` to a name that is.",
      },
    ]);
  });

  test("whose certificate has expired", async () => {
    const server = await start(cluster(), await makeIdentity(["127.0.0.1"], new Date(Date.now() - 60_000)));
    expect((await problemsOf([server.kubeconfig()]))[0]).toMatchObject({
      message: "The API server's certificate is not valid now (CERT_HAS_EXPIRED).",
    });
  });

  test("whose certificate is for the tls-server-name of the kubeconfig is fine", async () => {
    const server = await start(cluster(), await makeIdentity(["kubernetes.default"]));
    await expect(
      run([server.kubeconfig({ cluster: { "tls-server-name": "kubernetes.default" } })]),
    ).resolves.toHaveLength(1);
  });

  test("whose certificate itself is the authority in the kubeconfig is fine, as for Go's clients", async () => {
    const server = await start();
    const own = Buffer.from(identity.cert).toString("base64");
    await expect(
      run([server.kubeconfig({ cluster: { "certificate-authority-data": own } })]),
    ).resolves.toHaveLength(1);
  });

  test("that the kubeconfig says not to verify is fine", async () => {
    const server = await start(cluster(), await makeIdentity(["elsewhere"]));
    const insecure = { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true };
    await expect(run([server.kubeconfig({ cluster: insecure })])).resolves.toHaveLength(1);
  });

  test("that speaks plain HTTP", async () => {
    const plain = http.createServer((_, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(plain, "listening");
    const { port } = plain.address() as AddressInfo;
    const server = await start();
    const [problem] = await problemsOf([server.kubeconfig({ server: `https://127.0.0.1:${port}` })]);
    plain.close();
    expect(problem?.message).toMatch(/^What answers there does not speak TLS as it should \(E[A-Z_]+\)\.$/);
  });

  test("that is no API server", async () => {
    const server = await start(() => ({ hello: "world" }));
    expect((await problemsOf([server.kubeconfig()]))[0]).toMatchObject({
      message: "Something answers there, but not as a Kubernetes API server does.",
      remedy: "Check `server` in the kubeconfig in stack config.",
    });
  });

  test("that is broken", async () => {
    const server = await start(() => 503);
    expect(await problemsOf([server.kubeconfig()])).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: "The API server answers with HTTP status 503.",
        remedy: `See what ${look} says.`,
      },
    ]);
  });

  test("of a Kubernetes that is too old for the Istio gets a warning", async () => {
    const server = await start(cluster({ version: "v1.29.9-eks-1" }));
    const warn = jest.fn();
    await run([server.kubeconfig()], { warn });
    expect(warn.mock.calls).toEqual([
      [
        "cluster1 runs Kubernetes 1.29.9, and Istio 1.30 supports 1.32 and later: https://istio.io/latest/docs/releases/supported-releases/",
      ],
    ]);
  });
});

describe("credentials", () => {
  test("that are not accepted", async () => {
    const server = await start(() => 401);
    expect(await problemsOf([server.kubeconfig()])).toEqual([
      {
        path: "weft:clusters[0]",
        value: server.url,
        message: "The API server does not accept the credentials of context here (401 Unauthorized).",
        remedy: `Log in again or get a new kubeconfig: ${look} shows whether it is good.`,
      },
    ]);
  });

  test("that do not belong together", async () => {
    const other = await makeIdentity();
    const server = await start();
    const user = {
      "client-certificate-data": Buffer.from(identity.cert).toString("base64"),
      "client-key-data": Buffer.from(other.key).toString("base64"),
    };
    expect((await problemsOf([server.kubeconfig({ user })]))[0]!.message).toMatch(
      /^The certificates or the key of context here are damaged or do not belong together \(ERR_OSSL_[A-Z0-9_]+\)\.$/,
    );
  });

  test("whose user may not do what Weft does", async () => {
    const server = await start(
      cluster({
        denied: ({ resource, namespace }) => resource === "clusterroles" || namespace === "istio-system",
        override: ({ path }) => (/istio-system|kube-system/.test(path) ? 403 : "usual"),
      }),
    );
    expect(await problemsOf([server.kubeconfig()])).toEqual([
      {
        path: "weft:clusters[0]",
        value: "here",
        message:
          "The user of this context may not create clusterroles.rbac.authorization.k8s.io, create secrets in istio-system, get secrets in istio-system, list secrets in istio-system, list deployments.apps in istio-system.",
        remedy:
          "Give it the ClusterRole of docs/rights.yaml, or use one with cluster-admin; `kubectl --kubeconfig <(pulumi config get --path 'weft:clusters[0].kubeconfig') --context here auth can-i --list` shows what this one may do.",
      },
    ]);
  });
});

describe("the members together", () => {
  test("two names of one API server are refused", async () => {
    const server = await start();
    expect(await problemsOf([server.kubeconfig(), server.kubeconfig({ server: `${server.url}/` })])).toEqual([
      {
        path: "weft:clusters[1]",
        value: "here",
        message: "This is the same cluster as cluster1, which is in the mesh already.",
        remedy: "Give cluster2 a context of its own cluster, or delete one of the two entries.",
      },
    ]);
  });

  test("two addresses of one cluster are refused", async () => {
    const [one, two] = [await start(), await start()];
    expect((await problemsOf([one.kubeconfig(), two.kubeconfig()])).map(({ path }) => path)).toEqual([
      "weft:clusters[1]",
    ]);
  });

  test("two clusters behind one address are two, where their UIDs say so", async () => {
    const server = await start(
      cluster({
        override: ({ path, headers }) =>
          path === "/api/v1/namespaces/kube-system" && headers.authorization !== `Bearer ${TOKEN}`
            ? { metadata: { uid: "uid-2" } }
            : "usual",
      }),
    );
    const other = server.kubeconfig({ user: { token: "another" } });
    await expect(run([server.kubeconfig(), other])).resolves.toHaveLength(2);
  });

  test("one address is one cluster where a UID may not be read", async () => {
    const server = await start(
      cluster({
        override: ({ path, headers }) =>
          path === "/api/v1/namespaces/kube-system" && headers.authorization !== `Bearer ${TOKEN}`
            ? 403
            : "usual",
      }),
    );
    const other = server.kubeconfig({ user: { token: "another" } });
    expect(await problemsOf([server.kubeconfig(), other])).toMatchObject([
      {
        path: "weft:clusters[1]",
        message: expect.stringMatching(/^This is the same cluster as cluster1/) as string,
      },
    ]);
  });

  test("a cluster that the last up did not leave this member in is refused, or named and warned of", async () => {
    const server = await start();
    const last = { members: { cluster1: { role: "primary", uid: "uid-of-namespace" } } };
    expect(await problemsOf([server.kubeconfig()], { last })).toMatchObject([
      {
        path: "weft:clusters[0]",
        remedy: expect.stringContaining("weft:mesh.rebuilt: [cluster1]") as string,
      },
    ]);
    const warn = jest.fn();
    await run([server.kubeconfig()], { last, mesh: { rebuilt: ["cluster1"] }, warn });
    expect(warn).toHaveBeenCalledWith(
      "cluster1 counts as made again (weft:mesh.rebuilt): nothing is created there unless this is run with `--refresh`. See docs/changes.md.",
    );
  });

  test("API servers on loopback are refused unless config allows it", async () => {
    const [one, two] = [await start(), await start(cluster({ uid: "uid-2" }))];
    const problems = await problemsOf([one.kubeconfig(), two.kubeconfig()], { mesh: { remoteAccess: {} } });
    expect(problems.map(({ path, value }) => [path, value])).toEqual([
      ["weft:clusters[0].apiServer", one.url],
      ["weft:clusters[1].apiServer", two.url],
    ]);
    await expect(run([one.kubeconfig(), two.kubeconfig()])).resolves.toHaveLength(2);
  });

  test("are asked at the same time", async () => {
    let asked = 0;
    let release = () => {};
    const both = new Promise<void>((resolve) => (release = resolve));
    const held = (uid: string) =>
      cluster({
        uid,
        override: async ({ path }) => {
          if (path === "/version" && ++asked === 2) release();
          await both;
          return "usual";
        },
      });
    const [one, two] = [await start(held("uid-1")), await start(held("uid-2"))];
    await expect(run([one.kubeconfig(), two.kubeconfig()])).resolves.toHaveLength(2);
  });

  test("have all their problems reported at once", async () => {
    const [one, two] = [await start(() => 401), await start(() => 503)];
    const missing = { istio: { charts: { path: "/nowhere" } } };
    expect(
      (await problemsOf([one.kubeconfig(), two.kubeconfig()], { mesh: missing })).map(({ path }) => path),
    ).toEqual(["weft:clusters[0]", "weft:clusters[1]", "weft:mesh.istio.charts.path"]);
  });
});

describe("the API server of a peer, for an istiod that a change of it harms,", () => {
  /** Problems of a mesh of two, of which the first knows the second by this address and CA. */
  async function problemsWhereKnownBy(address: (second: FakeApiServer) => string, ca = identity.ca) {
    const second = await start(cluster({ uid: "uid-2", clusterCa: identity.ca }));
    const caData = Buffer.from(ca).toString("base64");
    const known = {
      cluster: "cluster2",
      server: address(second),
      token: TOKEN,
      caData,
      insecureSkipTlsVerify: false,
    };
    const peers = { cluster2: peerKubeconfig(known) };
    const first = await start(cluster({ deployments: [istiod("hub/pilot:1.30.3")], peers }));
    const kubeconfigs = [first, second].map((server) => server.kubeconfig());
    return problemsOf(kubeconfigs).catch((error: Error) => error.message);
  }

  test("may stay as it is", async () => {
    expect(await problemsWhereKnownBy(({ url }) => url)).toBe("expected a ConfigError");
  });

  test("is not moved", async () => {
    expect(await problemsWhereKnownBy(() => "https://elsewhere.example")).toMatchObject([
      {
        path: "weft:clusters[1]",
        message: expect.stringMatching(
          /^A new address of cluster2's API server would reach istiod 1\.30\.3 of/,
        ) as string,
        remedy: expect.stringContaining("Set its apiServer to https://elsewhere.example, ") as string,
      },
    ]);
  });

  test("gets no other CA", async () => {
    const { ca } = await makeIdentity();
    expect(await problemsWhereKnownBy(({ url }) => url, ca)).toMatchObject([
      {
        path: "weft:clusters[1]",
        message: expect.stringMatching(/^A new CA of cluster2's API server/) as string,
      },
    ]);
  });
});

describe("the certificate that the peers will see", () => {
  const other = () => start(cluster({ uid: "uid-2" }));

  test("is fine when the cluster's own CA signed it", async () => {
    const one = await start(cluster({ clusterCa: identity.ca }));
    await expect(run([one.kubeconfig(), (await other()).kubeconfig()])).resolves.toHaveLength(2);
  });

  test("is refused when another CA signed it, as something in front of the API server has it", async () => {
    const one = await start(cluster({ clusterCa: (await makeIdentity()).ca }));
    expect(await problemsOf([one.kubeconfig(), (await other()).kubeconfig()])).toEqual([
      {
        path: "weft:clusters[0].apiServer",
        value: one.url,
        message: expect.stringMatching(
          /^cluster2 will know cluster1 by its cluster's CA \(ConfigMap kube-root-ca\.crt\), and what answers there has no certificate by it for this address \([A-Z_]+\)\.$/,
        ) as string,
        remedy:
          "Set it to an address of the API server itself, past whatever ends TLS in front of it; or as a map, with `caData` and `tlsServerName` as they are there.",
      },
    ]);
  });

  test("matters to nobody in a mesh of one, nor where the kubeconfig says not to verify", async () => {
    const stranger = (await makeIdentity()).ca;
    const one = await start(cluster({ clusterCa: stranger }));
    await expect(run([one.kubeconfig()])).resolves.toHaveLength(1);
    const insecure = { "certificate-authority-data": undefined, "insecure-skip-tls-verify": true };
    await expect(
      run([one.kubeconfig({ cluster: insecure }), (await other()).kubeconfig()]),
    ).resolves.toHaveLength(2);
  });
});

describe("the address for the peers", () => {
  const READER = "r3ader-token";
  /** What stands at the address, and knows the token of the peers or does not. */
  const front = (status: number, as = identity) =>
    start(({ path, headers }) => {
      if (headers.authorization !== `Bearer ${READER}`) return 401;
      return path.endsWith("/selfsubjectaccessreviews") ? (status === 200 ? {} : status) : 404;
    }, as);
  const member = (more: Cluster = {}) =>
    start(cluster({ clusterCa: identity.ca, readerToken: READER, ...more }));
  const other = () => start(cluster({ uid: "uid-2" }));

  test("is tried with the token that they have", async () => {
    const at = await front(200);
    const warn = jest.fn();
    const kubeconfigs = [(await member()).kubeconfig(), (await other()).kubeconfig()];
    await expect(run(kubeconfigs, { apiServer: at.url, warn })).resolves.toHaveLength(2);
    expect(at.requests.map(({ path }) => path)).toEqual([
      "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  test("is refused where it only knows tokens of its own", async () => {
    const at = await front(401);
    const kubeconfigs = [(await member()).kubeconfig(), (await other()).kubeconfig()];
    const problems = await problemsOf(kubeconfigs, { apiServer: at.url });
    expect(problems).toEqual([
      {
        path: "weft:clusters[0].apiServer",
        value: at.url,
        message:
          "What answers there does not accept the token by which cluster2 read cluster1 (401 Unauthorized), though the cluster does: it may know tokens of its own only.",
        remedy: "Set it to an address of the API server itself, past whatever stands in front of it.",
      },
    ]);
    expect(JSON.stringify(problems)).not.toContain(READER);
  });

  test("is refused also where it is the kubeconfig's own", async () => {
    const own = await member({
      override: ({ headers }) => (headers.authorization === `Bearer ${READER}` ? 401 : "usual"),
    });
    const [problem] = await problemsOf([own.kubeconfig(), (await other()).kubeconfig()]);
    expect(problem).toMatchObject({ path: "weft:clusters[0].apiServer", value: own.url });
  });

  test("is not to blame for a token that is no good", async () => {
    const at = await front(401);
    const kubeconfigs = [
      (
        await member({
          override: ({ path }) =>
            path.endsWith("/tokenreviews") ? { status: { authenticated: false } } : "usual",
        })
      ).kubeconfig(),
      (await other()).kubeconfig(),
    ];
    await expect(run(kubeconfigs, { apiServer: at.url })).resolves.toHaveLength(2);
  });

  test("is warned of where the user may not ask whether the token is good", async () => {
    const at = await front(401);
    const forbidden = await member({
      override: ({ path }) => (path.endsWith("/tokenreviews") ? 403 : "usual"),
    });
    const warn = jest.fn();
    await run([forbidden.kubeconfig(), (await other()).kubeconfig()], { apiServer: at.url, warn });
    expect(warn.mock.calls).toEqual([
      [
        `weft:clusters[0].apiServer: ${at.url}: What answers there does not accept the token by which cluster2 read cluster1 (401 Unauthorized).`,
      ],
    ]);
  });

  test("gets a warning where nobody answers here, and a mesh all the same", async () => {
    const at = await front(200);
    await at.close();
    servers.splice(servers.indexOf(at), 1);
    const warn = jest.fn();
    await run([(await member()).kubeconfig(), (await other()).kubeconfig()], { apiServer: at.url, warn });
    expect(warn.mock.calls).toEqual([
      [
        `weft:clusters[0].apiServer: ${at.url} does not answer here (ECONNREFUSED), so it was not tried whether cluster2 can read cluster1 there.`,
      ],
    ]);
  });

  test("is known by `caData` and `tlsServerName` where they are given", async () => {
    const own = await makeIdentity(["east.internal"]);
    const at = await front(200, own);
    const kubeconfigs = [(await member()).kubeconfig(), (await other()).kubeconfig()];
    const tlsServerName = "east.internal";
    const right = { url: at.url, caData: own.ca, tlsServerName };
    await expect(run(kubeconfigs, { apiServer: right })).resolves.toHaveLength(2);
    for (const wrong of [
      { ...right, caData: identity.ca },
      { ...right, tlsServerName: undefined },
    ]) {
      expect(await problemsOf(kubeconfigs, { apiServer: wrong })).toEqual([
        {
          path: "weft:clusters[0].apiServer",
          value: at.url,
          message: expect.stringMatching(
            /^cluster2 will know cluster1 by `caData`, and what answers there has no certificate by it for this address \([A-Z_]+\)\.$/,
          ) as string,
          remedy: "Correct `caData`, or set `tlsServerName` to the name in the certificate.",
        },
      ]);
    }
  });

  test("is nobody's in a mesh of one, whose token is not even read", async () => {
    const alone = await member();
    await run([alone.kubeconfig()], { apiServer: "https://127.0.0.1:1" });
    expect(alone.requests.map(({ path }) => path)).not.toContain(
      "/api/v1/namespaces/istio-system/secrets/weft-reader-token-1",
    );
  });
});

describe("the chart source", () => {
  test("a folder that lacks a chart is refused", async () => {
    const server = await start();
    const folder = await mkdtemp(join(os.tmpdir(), "weft-charts-"));
    await mkdir(join(folder, "base"));
    await writeFile(join(folder, "base", "Chart.yaml"), "name: base\n");
    await writeFile(join(folder, "gateway-1.30.5.tgz"), "");
    const problems = await problemsOf([server.kubeconfig()], {
      mesh: { istio: { charts: { path: folder } } },
    });
    await rm(folder, { recursive: true });
    expect(problems).toEqual([
      {
        path: "weft:mesh.istio.charts.path",
        value: folder,
        message: "The folder holds no chart 'istiod'.",
        remedy: "Put the folder istiod/ or the file istiod-1.30.5.tgz there.",
      },
    ]);
  });

  test("a value that the schema of a chart in a folder refuses is one before the first change", async () => {
    const server = await start();
    const file = join(charts, "gateway", "values.schema.json");
    await writeFile(file, JSON.stringify({ properties: { annotations: { maxProperties: 1 } } }));
    const problems = await problemsOf([server.kubeconfig()], {
      mesh: { eastWest: { values: { annotations: { a: "1", b: "2" } } } },
    });
    await rm(file);
    expect(problems.map(({ path }) => path)).toEqual(["weft:mesh.eastWest.values.annotations"]);
  });

  const repository = async (status: number) => {
    const paths: (string | undefined)[] = [];
    const authorizations: (string | undefined)[] = [];
    const listening = http
      .createServer((request, response) => {
        paths.push(request.url);
        authorizations.push(request.headers.authorization);
        response.writeHead(status).end("entries: {}");
      })
      .listen(0, "127.0.0.1");
    await once(listening, "listening");
    const { port } = listening.address() as AddressInfo;
    return { listening, paths, authorizations, url: `http://127.0.0.1:${port}/charts` };
  };

  test("a repository that answers is fine", async () => {
    const server = await start();
    const { listening, paths, url } = await repository(200);
    await run([server.kubeconfig()], { mesh: { istio: { charts: { repository: url } } } });
    listening.close();
    expect(paths).toEqual(["/charts/index.yaml"]);
  });

  test("a repository without an index is refused", async () => {
    const server = await start();
    const { listening, url } = await repository(404);
    const problems = await problemsOf([server.kubeconfig()], {
      mesh: { istio: { charts: { repository: url } } },
    });
    listening.close();
    expect(problems).toEqual([
      {
        path: "weft:mesh.istio.charts.repository",
        value: url,
        message: `No Helm repository answers there: ${url}/index.yaml answers with HTTP status 404.`,
        remedy: `Try \`curl -I ${url}/index.yaml\`. Where there is no way out, \`charts: {path: …}\` takes a folder with the charts, \`charts: {oci: …}\` a mirror.`,
      },
    ]);
  });

  test("a repository that is not there is refused", async () => {
    const server = await start();
    const { listening, url } = await repository(200);
    const closed = once(listening, "close");
    listening.close();
    await closed;
    const [problem] = await problemsOf([server.kubeconfig()], {
      mesh: { istio: { charts: { repository: url } } },
    });
    expect(problem?.message).toBe(
      `No Helm repository answers there: ${url}/index.yaml cannot be reached (ECONNREFUSED).`,
    );
  });

  test("a private repository is asked with the credentials, and neither is shown where it does not take them", async () => {
    const server = await start();
    process.env["WEFT_TEST_CHARTS"] = TOKEN;
    const password = { valueFrom: { env: "WEFT_TEST_CHARTS" } };
    const authorization = `Basic ${Buffer.from(`reader:${TOKEN}`).toString("base64")}`;
    const ask = async (status: number) => {
      const { listening, authorizations, url } = await repository(status);
      const mesh = { istio: { charts: { repository: url, username: "reader", password } } };
      const asking =
        status === 200 ? run([server.kubeconfig()], { mesh }) : problemsOf([server.kubeconfig()], { mesh });
      const outcome = await asking.finally(() => listening.close());
      expect(authorizations).toEqual([authorization]);
      return { outcome, url };
    };

    await ask(200);
    const { outcome, url } = await ask(401);
    expect(outcome).toEqual([
      {
        path: "weft:mesh.istio.charts.repository",
        value: url,
        message: `No Helm repository answers there: ${url}/index.yaml answers with HTTP status 401.`,
        remedy:
          "Set weft:mesh.istio.charts.username and weft:mesh.istio.charts.password to an account that may read it.",
      },
    ]);
  });

  test("a repository is not asked where the environment lacks its credentials", async () => {
    const server = await start();
    const { listening, paths, url } = await repository(200);
    const credentials = {
      username: { valueFrom: { env: "WEFT_NO_USER" } },
      password: { valueFrom: { env: "WEFT_NO_PASSWORD" } },
    };
    const problems = await problemsOf([server.kubeconfig()], {
      mesh: { istio: { charts: { repository: url, ...credentials } } },
    });
    listening.close();
    expect(paths).toEqual([]);
    expect(problems.map(({ path, value }) => [path, value])).toEqual([
      ["weft:mesh.istio.charts.password.valueFrom.env", "WEFT_NO_PASSWORD"],
      ["weft:mesh.istio.charts.username.valueFrom.env", "WEFT_NO_USER"],
    ]);
  });

  test("a repository behind a proxy that is none is refused", async () => {
    const server = await start();
    const before = process.env.HTTP_PROXY;
    process.env.HTTP_PROXY = "http://";
    const mesh = { istio: { charts: { repository: "http://charts.example" } } };
    const [problem] = await problemsOf([server.kubeconfig()], { mesh });
    if (before === undefined) delete process.env.HTTP_PROXY;
    else process.env.HTTP_PROXY = before;
    expect(problem).toMatchObject({
      path: "weft:mesh.istio.charts.repository",
      message:
        "No Helm repository answers there: http://charts.example/index.yaml cannot be reached: $HTTP_PROXY is not the URL of a proxy.",
    });
  });

  test("MetalLB's is looked at as well, where it is installed", async () => {
    const server = await start();
    const problems = await problemsOf([server.kubeconfig()], {
      mesh: {
        istio: { charts: { path: charts } },
        loadBalancer: { charts: { path: charts }, network: "kind" },
      },
    });
    expect(problems).toMatchObject([
      { path: "weft:mesh.loadBalancer.charts.path", message: "The folder holds no chart 'metallb'." },
    ]);
  });
});
