import type http from "node:http";
import { known, type Fact, type IstiodView } from "../../operate/facts/facts";
import { readMesh, type ReadOptions } from "../../operate/facts/read";
import { parseMesh } from "../../mesh/parse";
import {
  makeIdentity,
  startFakeApiServer,
  type Answer,
  type FakeApiServer,
  type Identity,
  type Request,
} from "../clusters/fake-api-server";
import { forwardPorts, type Pod } from "../clusters/fake-port-forward";

let identity: Identity;
let reader: FakeApiServer;
let peer: FakeApiServer;
/** What an API server answers before anything else, by the end of the path. */
let readerSays: Record<string, Answer>;
let peerSays: Record<string, Answer>;
/** The reader's istiods, by pod. */
let pods: Record<string, Pod>;
/** Paths of the port-forwards that were asked for. */
let forwards: string[];

beforeAll(async () => {
  identity = await makeIdentity();
});
beforeEach(async () => {
  const answering =
    (says: () => Record<string, Answer>) =>
    ({ path }: Request): Answer => {
      if (path === "/version") return { gitVersion: "v1.34.2" };
      const end = Object.keys(says()).find((key) => path.endsWith(key));
      return end === undefined ? undefined : says()[end];
    };
  reader = await startFakeApiServer(
    identity,
    answering(() => readerSays),
  );
  peer = await startFakeApiServer(
    identity,
    answering(() => peerSays),
  );
  readerSays = { [istiods]: { items: [istiod("istiod-1")] } };
  peerSays = {
    "/endpointslices": { items: [slice("a", "10.0.0.1"), slice("b", "10.0.0.2")] },
    "/api/v1/services": { items: ["a", "b"].map((name) => ({ metadata: { name, namespace: "shop" } })) },
    "/api/v1/namespaces": { items: [{ metadata: { name: "shop", labels: { team: "a" } } }] },
  };
  pods = { "istiod-1": debug({ a: "10.0.0.1", b: "10.0.0.2" }) };
  forwards = [];
  forwardPorts(reader, (path) => {
    forwards.push(path);
    return pods[/pods\/([^/]+)\//.exec(path)![1]!]!;
  });
});
afterEach(() => Promise.all([reader.close(), peer.close()]));

const istiods = "/pods?labelSelector=app%3Distiod";

function istiod(name: string, { ready = "True", ...labels }: Record<string, string> = {}) {
  return { metadata: { name, labels }, status: { conditions: [{ type: "Ready", status: ready }] } };
}

function slice(service: string, address: string) {
  return {
    metadata: {
      name: `${service}-1`,
      namespace: "shop",
      labels: { "kubernetes.io/service-name": service },
    },
    ports: [{ port: 80 }],
    endpoints: [{ addresses: [address] }],
  };
}

/** An istiod that answers its own localhost, and holds these addresses of the peer's Services. */
function debug(
  held: Record<string, string> | (() => Record<string, string>),
  { syncStatus = "synced", discoverySelectors = [] as object[] } = {},
): http.RequestListener {
  return ({ url }, response) => {
    const answers: Record<string, () => unknown> = {
      "/debug/clusterz": () => [
        { id: "reader", secretName: "", syncStatus: "synced" },
        { id: "peer", secretName: "istio-system/weft-peers", syncStatus },
      ],
      "/debug/mesh": () => ({ discoverySelectors }),
      "/debug/endpointShardz": () => shardsOf(typeof held === "function" ? held() : held),
    };
    response.end(JSON.stringify(answers[url!]!()));
  };
}

function shardsOf(held: Record<string, string>): object {
  return Object.fromEntries(
    Object.entries(held).map(([name, address]) => [
      `${name}.shop.svc.cluster.local`,
      { shop: { Shards: { "Kubernetes/peer": [{ Labels: {}, Addresses: [address] }] } } },
    ]),
  );
}

async function views(options: ReadOptions = {}, istio: object = {}): Promise<Fact<IstiodView[]>> {
  const mesh = parseMesh({
    mesh: { istio, remoteAccess: { allowLoopback: true } },
    clusters: [
      { name: "peer", kubeconfig: peer.kubeconfig() },
      { name: "reader", kubeconfig: reader.kubeconfig() },
    ],
  });
  const { members } = await readMesh(mesh, { againMs: 0, ...options });
  const found = members.get("reader")!.istiodViews;
  expect(JSON.stringify(found)).not.toContain("s3cr3t");
  return found;
}

/** What the only istiod says of the peer: its state, how many Services it has, and which of them it lacks. */
async function ofPeer(options?: ReadOptions) {
  const found = await views(options);
  if (!found.known) throw new Error(found.reason);
  const [{ peers }] = found.value as [IstiodView];
  return peers.known ? peers.value.get("peer") : peers.reason;
}

/** Of a peer's Services with one endpoint each, all but these. */
const holds = (live: number, ...lacking: string[]) => ({
  state: "synced",
  services: known({ live, lacking, endpoints: { there: live, held: live - lacking.length } }),
});

test("an istiod that holds what its peer has, asked once by one port-forward", async () => {
  expect(await views()).toEqual(
    known([{ pod: "istiod-1", deployment: "istiod", peers: known(new Map([["peer", holds(2)]])) }]),
  );
  expect(forwards).toEqual(["/api/v1/namespaces/istio-system/pods/istiod-1/portforward?ports=15014"]);
});

test("an istiod that stack config calls by its revision is also asked how many proxies it has", async () => {
  const answers = debug({ a: "10.0.0.1", b: "10.0.0.2" });
  pods["istiod-1"] = (request, response) =>
    request.url === "/metrics"
      ? void response.end('pilot_xds{version="1.30.5"} 3\npilot_xds{version="1.31.2"} 1\n')
      : answers(request, response);
  const found = await views({}, { revisions: { default: "1.30.5" } });
  expect(found.known && found.value.map(({ pod, proxies }) => ({ pod, proxies }))).toEqual([
    { pod: "istiod-1", proxies: 4 },
  ]);
});

test("an istiod that has lost its peer, in spite of what it says", async () => {
  pods["istiod-1"] = debug({});
  expect(await ofPeer()).toEqual(holds(2, "a.shop", "b.shop"));
  expect(forwards).toHaveLength(2);
});

test("an istiod that holds what a Service no longer has", async () => {
  pods["istiod-1"] = debug({ a: "10.0.0.1", b: "10.0.0.99" });
  expect(await ofPeer()).toEqual(holds(2, "b.shop"));
});

test("what comes while it is looked at is not lost: it is there at the second look", async () => {
  const held: Record<string, string>[] = [{ a: "10.0.0.1" }, { a: "10.0.0.1", b: "10.0.0.2" }];
  pods["istiod-1"] = debug(() => held.shift()!);
  expect(await ofPeer()).toEqual(holds(2));
});

test("nor is what has gone by the second look, or has come only then", async () => {
  const lists = [
    { items: [slice("a", "10.0.0.1"), slice("b", "10.0.0.2")] },
    { items: [slice("a", "10.0.0.3")] },
  ];
  Object.defineProperty(peerSays, "/apis/discovery.k8s.io/v1/endpointslices", {
    enumerable: true,
    get: () => lists.shift(),
  });
  delete peerSays["/endpointslices"];
  pods["istiod-1"] = debug({ a: "10.0.0.1" });
  expect(await ofPeer()).toEqual({
    state: "synced",
    services: known({ live: 1, lacking: [], endpoints: { there: 1, held: 0 } }),
  });
});

test("of a Service's endpoints, how many are held", async () => {
  const [one] = (peerSays["/endpointslices"] as { items: [ReturnType<typeof slice>] }).items;
  const udp = { ...slice("a", "10.0.0.1"), ports: [{ port: 53 }] };
  one.endpoints.push({ addresses: ["10.0.0.3"] }, { addresses: ["10.0.0.4"] });
  (peerSays["/endpointslices"] as { items: object[] }).items.push(udp);
  expect(await ofPeer()).toEqual({
    state: "synced",
    services: known({ live: 2, lacking: [], endpoints: { there: 4, held: 2 } }),
  });
});

test("namespaces that istiod does not read are none of its business", async () => {
  pods["istiod-1"] = debug({}, { discoverySelectors: [{ matchLabels: { team: "b" } }] });
  expect(await ofPeer()).toEqual(holds(0));
});

test("a peer that is not synced is not looked for again", async () => {
  pods["istiod-1"] = debug({}, { syncStatus: "timeout" });
  expect(await ofPeer()).toEqual({
    ...holds(2, "a.shop", "b.shop"),
    state: "timeout",
  });
  expect(forwards).toHaveLength(1);
});

test("a peer whose Services may not be listed", async () => {
  peerSays["/api/v1/services"] = 403;
  expect(await ofPeer()).toEqual({
    state: "synced",
    services: {
      known: false,
      reason:
        "its Services cannot be listed (this user may not list them, their EndpointSlices or namespaces)",
    },
  });
});

test("every replica that is ready is asked, each for itself; the peer is listed once", async () => {
  const others = ["2", "3", "4", "5", "6"].map((id) => `istiod-canary-${id}`);
  readerSays[istiods] = {
    items: [
      istiod("istiod-1", { "istio.io/rev": "default" }),
      ...others.map((name) => istiod(name, { "istio.io/rev": "canary" })),
      istiod("istiod-unready", { ready: "False" }),
      { ...istiod("istiod-leaving"), metadata: { name: "istiod-leaving", deletionTimestamp: "2026-01-01" } },
    ],
  };
  for (const name of others) pods[name] = debug({ b: "10.0.0.2" });
  const found = await views();
  expect(found).toMatchObject({ known: true, value: { length: 6 } });
  expect(found.known && found.value.slice(0, 2)).toEqual([
    { pod: "istiod-1", deployment: "istiod", peers: known(new Map([["peer", holds(2)]])) },
    {
      pod: "istiod-canary-2",
      deployment: "istiod-canary",
      peers: known(new Map([["peer", holds(2, "a.shop")]])),
    },
  ]);
  const listings = peer.requests.filter(({ path }) => path === "/api/v1/services");
  expect(listings).toHaveLength(2);
});

test("an answer of many megabytes", async () => {
  const many = Object.fromEntries(
    Array.from({ length: 3000 }, (_, id) => [`s${id}`, `10.1.${id >> 8}.${id & 255}`] as const),
  );
  pods["istiod-1"] = debug({ ...many, a: "10.0.0.1", b: "10.0.0.2" });
  expect(await ofPeer()).toEqual(holds(2));
});

test("no istiod that is ready", async () => {
  readerSays[istiods] = { items: [istiod("istiod-1", { ready: "False" })] };
  expect(await views()).toEqual({ known: false, reason: "there is no pod of istiod that is ready" });
});

describe("an istiod that says nothing is not known, and why:", () => {
  test.each<[string, Pod, string]>([
    [
      "it may not be asked",
      403,
      "this user may not `get` and `create` pods/portforward in istio-system, and istiod answers to nobody but itself",
    ],
    ["it has ended meanwhile", 404, "its pod has gone while it was asked"],
    ["its node is not reached", 502, "istiod is not reached by port-forward (status: 502)"],
    [
      "nobody listens in its pod",
      { complaint: "error forwarding port 15014: connection refused" },
      "istiod is not reached by port-forward (unreachable: ECONNREFUSED)",
    ],
    [
      "its operator has turned that off",
      (_, response) => response.writeHead(404).end(),
      "istiod does not say what it holds (`ENABLE_DEBUG_ON_HTTP=false`)",
    ],
    [
      "it takes the request for somebody else's",
      (_, response) => response.writeHead(401).end(),
      "istiod does not say what it holds (answer: 401)",
    ],
    [
      "it is no istiod",
      (_, response) => response.end("<html>"),
      "istiod does not say what it holds (answer: 200)",
    ],
    [
      "it ends in mid-answer",
      ({ socket }, response) => {
        response.writeHead(200, { "Content-Length": 1000 });
        response.write("[", () => socket.destroy());
      },
      "istiod is not reached by port-forward (unreachable: ECONNRESET)",
    ],
  ])("%s", async (_, pod, reason) => {
    pods["istiod-1"] = pod;
    expect(await ofPeer()).toBe(reason);
  });

  test.each<[string, Pod]>([
    ["the API server lets it wait", "silence"],
    ["it hangs", () => undefined],
  ])("%s, which costs no more than its own time", async (_, pod) => {
    pods["istiod-1"] = pod;
    expect(await ofPeer({ reachMs: 200 })).toBe("istiod does not answer by port-forward in time");
    while ((await reader.connections()) > 0) await new Promise(setImmediate);
  });
});
