import { resolveKubeconfig } from "../../../clusters/kubeconfig";
import type { Facts } from "../../../lab/rehearse/facts";
import { heldBy, Istiods } from "../../../lab/rehearse/istiods";
import { known, unknown, type IstiodView, type PeerView } from "../../../operate/facts/facts";
import {
  type FakeApiServer,
  type Identity,
  makeIdentity,
  startFakeApiServer,
} from "../../clusters/fake-api-server";
import { forwardPorts } from "../../clusters/fake-port-forward";

const view = (state: string, ...lacking: string[]): PeerView => ({
  state,
  services: known({ live: 2, lacking, endpoints: { there: 4, held: 4 - lacking.length } }),
});
const replica = (peers: Record<string, PeerView>): IstiodView => ({
  pod: "istiod-1",
  deployment: "istiod",
  peers: known(new Map(Object.entries(peers))),
});
const silent: IstiodView = { pod: "istiod-2", deployment: "istiod", peers: unknown("its pod has gone") };

describe("what the istiods of a member hold", () => {
  test("is the least that any of them does", () => {
    const whole = replica({ west: view("synced"), south: view("synced") });
    const other = replica({ west: view("timeout", "b.shop"), south: view("synced", "a.shop") });
    expect(heldBy([whole, other])).toEqual({
      south: { state: "synced", lacking: ["a.shop"] },
      west: { state: "timeout", lacking: ["b.shop"] },
    });
    expect(heldBy([whole, replica({ west: view("synced") })])).toMatchObject({
      south: { state: "not read" },
    });
  });

  test("is what the others say, while one starts anew", () => {
    expect(heldBy([silent, replica({ west: view("synced") })])).toEqual({
      west: { state: "synced", lacking: [] },
    });
    expect(heldBy([silent])).toBe("its pod has gone");
  });

  test("is not known while a peer's own Services are not", () => {
    expect(heldBy([replica({ west: { state: "synced", services: unknown("no answer") } })])).toBe(
      "no answer",
    );
  });

  test("is judged by Services that were there before", () => {
    const peers = [
      replica({ west: view("synced", "new.shop", "old.shop"), south: view("synced", "new.shop") }),
    ];
    expect(heldBy(peers, new Map([["west", new Set(["old.shop"])]]))).toEqual({
      west: { state: "synced", lacking: ["old.shop"] },
      south: { state: "synced", lacking: [] },
    });
  });
});

describe("asked again and again", () => {
  let identity: Identity;
  let east: FakeApiServer;
  let west: FakeApiServer;
  /** Services that west has, and those that east's istiod holds. */
  let live: string[];
  let held: string[];
  let isReady: boolean;
  let isThere: boolean;

  beforeAll(async () => {
    identity = await makeIdentity();
  });
  beforeEach(async () => {
    [live, held, isReady, isThere] = [["old"], ["old"], true, true];
    const pod = () => ({
      metadata: { name: "istiod-1" },
      status: { conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
    });
    east = await startFakeApiServer(identity, ({ path }) => ({
      items: path.includes("istiod") ? [pod()] : [],
    }));
    west = await startFakeApiServer(identity, ({ path }) => ({ items: ofWest(path.split("/").at(-1)!) }));
    forwardPorts(east, () =>
      isThere
        ? ({ url }, response) => response.end(JSON.stringify(answers(url!.split("/").at(-1)!)))
        : { complaint: "nobody listens" },
    );
  });
  afterEach(() => Promise.all([east.close(), west.close()]));

  const metadata = (name: string) => ({ name, namespace: "shop" });
  function ofWest(plural: string): object[] {
    if (plural === "namespaces") return [{ metadata: { name: "shop" } }];
    if (plural === "services") return live.map((name) => ({ metadata: metadata(name) }));
    if (plural !== "endpointslices") return [];
    return live.map((name) => ({
      metadata: { ...metadata(name), labels: { "kubernetes.io/service-name": name } },
      ports: [{ port: 80 }],
      endpoints: [{ addresses: ["10.0.0.1"] }],
    }));
  }
  function answers(what: string): unknown {
    if (what === "clusterz") return [{ id: "west", syncStatus: "synced" }];
    if (what === "mesh") return {};
    const shards = { Shards: { "Kubernetes/west": [{ Addresses: ["10.0.0.1"] }] } };
    return Object.fromEntries(held.map((name) => [`${name}.shop.svc.cluster.local`, { shop: shards }]));
  }

  async function istiods() {
    const way = async (name: string, server: FakeApiServer) =>
      [name, await resolveKubeconfig({ path: name, kubeconfig: server.kubeconfig() })] as const;
    const seen: Facts[] = [];
    const ways = new Map([await way("east", east), await way("west", west)]);
    return { seen, asking: new Istiods(ways, (_, facts) => seen.push(facts)) };
  }
  const facts = (...lacking: string[]): Facts => ({
    kind: "Istiod",
    peers: { west: { state: "synced", lacking } },
  });

  test("an istiod that loses a Service is seen to, and one that comes is not asked for", async () => {
    const { seen, asking } = await istiods();
    await asking.follow();
    live.push("new");
    held = [];
    await asking.finish();
    expect(seen.at(-1)).toEqual(facts("old.shop"));
  });

  test("one that is not ready is not asked, and one that is ready and silent is told", async () => {
    const { seen, asking } = await istiods();
    isReady = false;
    expect(await asking.ask()).toEqual([]);
    expect(seen).toEqual([]);

    [isReady, isThere] = [true, false];
    expect(await asking.ask()).toEqual([
      expect.stringMatching(
        /^east: what its istiod holds of its peers: istiod is not reached by port-forward/,
      ),
    ]);
  });
});
