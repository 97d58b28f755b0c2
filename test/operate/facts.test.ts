import { known } from "../../operate/facts/facts";
import { cacertsFacts, istiodRoute, networkValue, readyAddresses } from "../../operate/facts/objects";
import { readMesh } from "../../operate/facts/read";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import {
  makeIdentity,
  startFakeApiServer,
  type Answer,
  type FakeApiServer,
  type Identity,
  type Request,
} from "../clusters/fake-api-server";
import { authority } from "../mesh/authorities";

const base64 = (text: string) => Buffer.from(text).toString("base64");

test("cacerts: files that are missing, and a key that does not fit, without the key itself", async () => {
  const [own, other] = [await authority("own"), await authority("other")];
  const data = {
    "ca-cert.pem": base64(own.certificate),
    "ca-key.pem": base64(other.key),
    "cert-chain.pem": base64(own.certificate),
    "root-cert.pem": "",
    "ca-crl.pem": base64("the CRLs"),
  };
  const facts = cacertsFacts({ metadata: { name: "cacerts" }, data });
  expect(facts).toMatchObject({ missing: ["root-cert.pem"], keyFits: false, crls: "the CRLs" });
  expect(JSON.stringify(facts)).not.toContain("PRIVATE KEY");
  expect(
    cacertsFacts({ metadata: { name: "cacerts" }, data: { ...data, "ca-key.pem": base64(own.key) } }).keyFits,
  ).toBe(true);
});

test("the way to istiod: what is passed on of each port, whatever name is asked for", () => {
  const to = (host: string, number: number) => [{ destination: { host, port: { number } } }];
  const tls = [
    { match: [{ port: 15012, sniHosts: ["*"] }], route: to("istiod", 15012) },
    { match: [{ port: 15017, sniHosts: ["one.example"] }], route: to("istiod", 443) },
  ];
  expect(istiodRoute({ spec: { gateways: ["istiod-gateway"], tls } })).toEqual({
    gateways: ["istiod-gateway"],
    destinations: { 15012: "istiod:15012" },
  });
  expect(istiodRoute({})).toEqual({ gateways: [], destinations: {} });
});

test("only ready endpoints count; one that says nothing is ready", () => {
  const metadata = { name: "istiod-1", labels: { "kubernetes.io/service-name": "istiod" } };
  expect(
    readyAddresses([
      {
        metadata,
        endpoints: [
          { addresses: ["10.0.0.1"], conditions: { ready: true } },
          { addresses: ["10.0.0.2"], conditions: { ready: false } },
          { addresses: ["10.0.0.3"] },
        ],
      },
      { metadata: { ...metadata, name: "istiod-2" }, endpoints: null },
    ]),
  ).toEqual({ istiod: ["10.0.0.1", "10.0.0.3"] });
});

test("the network in the values of istiod's chart, with and without a revision", () => {
  const data = { "merged-values": JSON.stringify({ global: { network: "n1" } }) };
  expect(networkValue([{ metadata: { name: "values" }, data }])).toBe("n1");
  expect(networkValue([{ metadata: { name: "values-canary" }, data }])).toBe("n1");
  expect(networkValue([{ metadata: { name: "valuesquare" }, data }])).toBeUndefined();
  expect(networkValue([{ metadata: { name: "values" }, data: { "merged-values": "{" } }])).toBeUndefined();
});

describe("reading", () => {
  let identity: Identity;
  const servers: FakeApiServer[] = [];
  beforeAll(async () => {
    identity = await makeIdentity();
  });
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  async function serve(answer: (request: Request) => Answer): Promise<FakeApiServer> {
    const server = await startFakeApiServer(identity, answer);
    servers.push(server);
    return server;
  }

  const meshOf = (members: Record<string, FakeApiServer>): MeshSpec =>
    parseMesh({
      mesh: { remoteAccess: { allowLoopback: true } },
      clusters: Object.entries(members).map(([name, server]) => ({ name, kubeconfig: server.kubeconfig() })),
    });

  /** Answers only that it is there. */
  const bare = ({ path }: Request): Answer => (path === "/version" ? { gitVersion: "v1.34.2" } : undefined);

  test("a member that does not answer costs its time, and the others are read", async () => {
    const mesh = meshOf({ alive: await serve(bare), dead: await serve(() => "silence") });
    // All answers of the one that is alive come within it, on a machine that has other things to do as well.
    const { members } = await readMesh(mesh, { timeoutMs: 5000 });
    expect(members.get("alive")!.api).toEqual({ reachable: true, version: "1.34.2" });
    expect(members.get("alive")!.istiods).toEqual(known([]));
    expect(members.get("alive")!.cacerts).toEqual(known(undefined));
    expect(members.get("dead")!.api).toMatchObject({
      reachable: false,
      message: expect.stringContaining("did not answer within 5 s") as string,
    });
    expect(members.get("dead")!.cacerts).toEqual({
      known: false,
      reason: "its API server was not read",
    });
  });

  test("nothing is sent to the gateway of simulated nodes", async () => {
    const node = { metadata: { name: "node", annotations: { "kwok.x-k8s.io/node": "fake" } } };
    const server = await serve((request) =>
      request.path === "/api/v1/nodes" ? { items: [node] } : bare(request),
    );
    expect((await readMesh(meshOf({ one: server }))).members.get("one")).toMatchObject({
      handshake: {
        known: false,
        reason: "the nodes are simulated, and no proxy listens at the gateway's address",
      },
    });
  });

  test("what may not be read is not known, and the rest is", async () => {
    const mesh = meshOf({
      one: await serve((request) => (request.path.endsWith("/secrets/cacerts") ? 403 : bare(request))),
    });
    const facts = (await readMesh(mesh)).members.get("one")!;
    expect(facts.cacerts).toEqual({
      known: false,
      reason: "Secret cacerts: this user may not read them",
    });
    expect(facts.gateway).toEqual(known(undefined));
  });

  test("nothing is written: reviews of one's own rights are the only POSTs", async () => {
    const peer = await serve(bare);
    const reader = await serve(withKey("peer", () => peer.kubeconfig()));
    await readMesh(meshOf({ peer, reader }));
    const written = [...peer.requests, ...reader.requests].filter(({ method }) => method !== "GET");
    expect(new Set(written.map(({ method, path }) => `${method} ${path}`))).toEqual(
      new Set([
        "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        "POST /apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
      ]),
    );
  });

  /** A primary whose PeerSecret holds this key. */
  function withKey(cluster: string, kubeconfig: () => string) {
    return (request: Request): Answer =>
      request.path.includes("/secrets?labelSelector=")
        ? { items: [{ metadata: { name: "weft-peers" }, data: { [cluster]: base64(kubeconfig()) } }] }
        : bare(request);
  }

  /** The only credentials in the facts, of a key that leads to a server with these answers. */
  async function credentials(answer: (request: Request) => Answer) {
    const peer = await serve((request) => (request.method === "POST" ? answer(request) : bare(request)));
    const kubeconfig = peer.kubeconfig({ user: { token: "reader-s3cr3t" } });
    const reader = await serve(withKey("peer", () => kubeconfig));
    const facts = await readMesh(meshOf({ peer, reader }));
    expect(JSON.stringify([...facts.members, ...facts.credentials])).not.toContain("s3cr3t");
    expect(facts.credentials.size).toBe(1);
    return [...facts.credentials.values()][0]!;
  }

  /** The API server's answers to questions of a user whose role has these rules, and who may do what `allowed` says. */
  function reviews(rules: object[], allowed: (verb: string) => boolean) {
    return ({ path, body }: Request): Answer => {
      if (path.endsWith("/selfsubjectrulesreviews")) return { status: { resourceRules: rules } };
      const { spec } = body as { spec: { resourceAttributes: { verb: string } } };
      return { status: { allowed: allowed(spec.resourceAttributes.verb) } };
    };
  }

  test("a reader's key as it should be", async () => {
    const rules = [{ verbs: ["get", "list", "watch"], apiGroups: [""], resources: ["secrets"] }];
    expect(await credentials(reviews(rules, () => true))).toMatchObject({
      usable: true,
      rights: known({ authenticated: true, lacking: [], excess: [] }),
    });
  });

  test("a reader's key that may do what it should not, and not what it should", async () => {
    const rules = [{ verbs: ["list", "delete"], apiGroups: [""], resources: ["secrets"] }];
    expect(await credentials(reviews(rules, (verb) => verb !== "list"))).toMatchObject({
      rights: known({
        authenticated: true,
        lacking: ["list secrets", "list configmaps", "list nodes", "list namespaces", "list workloadentries"],
        excess: ["delete secrets"],
      }),
    });
  });

  test("a key that is not accepted any more", async () => {
    expect(await credentials(() => 401)).toMatchObject({
      rights: known({ authenticated: false, lacking: [], excess: [] }),
    });
  });

  test("when a reader's token ends, where it says so", async () => {
    const jwt = (claims: string) => ["e30", Buffer.from(claims).toString("base64url"), "s3cr3t"].join(".");
    const endOf = async (token: string) => {
      const peer = await serve(bare);
      const reader = await serve(withKey("peer", () => peer.kubeconfig({ user: { token } })));
      const facts = await readMesh(meshOf({ reader }));
      expect(JSON.stringify([...facts.credentials])).not.toContain("s3cr3t");
      const [found] = facts.credentials.values();
      return found?.usable ? found.tokenEnds : "not usable";
    };
    expect(await endOf(jwt('{"exp": 1780358400, "sub": "ü"}'))).toEqual(new Date("2026-06-02T00:00:00Z"));
    expect(await endOf(jwt('{"sub": "without an end"}'))).toBeUndefined();
    expect(await endOf(jwt('{"exp": "never"}'))).toBeUndefined();
    expect(await endOf(jwt("null"))).toBeUndefined();
    expect(await endOf("s3cr3t-not-a-jwt")).toBeUndefined();
  });

  test("a key whose server does not answer here", async () => {
    const peer = await serve(() => "silence");
    const reader = await serve(withKey("peer", () => peer.kubeconfig()));
    const facts = await readMesh(meshOf({ reader }), { reachMs: 200 });
    expect([...facts.credentials.values()]).toMatchObject([{ usable: true, rights: { known: false } }]);
    expect(JSON.stringify([...facts.members, ...facts.credentials])).not.toContain("s3cr3t");
  });

  test("a key that would run a command on this machine is not used", async () => {
    const reader = await serve(
      withKey("peer", () => servers[0]!.kubeconfig({ user: { exec: { command: "touch" } } })),
    );
    const facts = await readMesh(meshOf({ reader }));
    expect([...facts.credentials.values()]).toEqual([{ usable: false, reason: "it uses `exec`" }]);
  });
});
