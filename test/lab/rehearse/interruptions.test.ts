import fc from "fast-check";
import { describeEvent } from "../../../lab/rehearse/changes";
import type { Roles } from "../../../lab/rehearse/expectations";
import { eventsOf, interruptionsOf } from "../../../lab/rehearse/interruptions";
import { parseMesh } from "../../../mesh/parse";
import type { Watched } from "../../../lab/rehearse/watch";
import {
  cacerts,
  deployment,
  exposure,
  gone,
  held,
  memberObjects,
  meshOf,
  namespace,
  peers,
  served,
  service,
  token,
  watched,
} from "./moments";

const both = ["east", "west"];
const roles = (names: string[]): Roles => Object.fromEntries(names.map((name) => [name, "primary"]));
const found = (seen: Watched, after = meshOf(...both), before = both) =>
  interruptionsOf(seen, roles(before), after).map(
    ({ kind, what, from, until }) => `${kind} ${from}-${until ?? ""} ${what}`,
  );

test("a member that joins in the right order interrupts nothing", () => {
  const all = [...both, "south"];
  const seen = watched(
    both,
    ...memberObjects("south", all),
    peers("east", { south: 1, west: 1 }),
    peers("west", { south: 1, east: 1 }),
  );

  expect(found(seen, meshOf(...all))).toEqual([]);
});

test("a member that leaves in the right order interrupts nothing, and nobody asks what becomes of it", () => {
  const three = [...both, "south"];
  const seen = watched(
    three,
    peers("east", { west: 1 }),
    peers("west", { east: 1 }),
    ...memberObjects("south", three).map(gone),
  );

  expect(found(seen, meshOf(...both), three)).toEqual([]);
});

test("what is no longer to be read is not missed, in the order of keys before roots", () => {
  const apart = parseMesh({
    mesh: { trust: { mode: "federated" } },
    clusters: both.map((name) => ({ name, context: name, reads: [] })),
  });
  const bundles = (roots: (name: string) => string[]) =>
    both.flatMap((name) => [cacerts(name, roots(name), name), served(name, roots(name))]);
  const keys = [peers("east", {}), peers("west", {})];
  const step = (...moments: typeof keys) => {
    const { before, after } = watched(both, ...bundles(() => both), ...moments);
    return { before: [...before, ...after.slice(0, 4)], after: after.slice(4) };
  };
  const roots = bundles((name) => [name]);

  expect(found(step(...keys, ...roots), apart)).toEqual([]);
  expect(found(step(...roots, ...keys), apart)).toEqual([
    "trust 2-5 east does not trust root west, which vouches for workloads of west",
    "trust 4-6 west does not trust root east, which vouches for workloads of east",
  ]);
});

test("a PeerSecret that is replaced takes all keys away for a moment", () => {
  const replaced = peers("east", { west: 1 });
  expect(found(watched(both, gone(replaced), replaced))).toEqual([
    "key 1-2 east holds no remote secret for west",
  ]);
});

test("a key that moves from one Secret to another is away in between, unless it is in both", () => {
  const first = peers("east", {});
  const second = peers("east", { west: 1 }, "weft-peers-1");
  expect(found(watched(both, first, second))).toEqual(["key 1-2 east holds no remote secret for west"]);
  expect(found(watched(both, second, first))).toEqual([]);
});

test("a token is renewed without a gap when it is revoked last, and with one when it is revoked first", () => {
  const [issue, read, revoke] = [token("west", 2), peers("east", { west: 2 }), gone(token("west", 1))];
  expect(found(watched(both, issue, read, revoke))).toEqual([]);
  expect(found(watched(both, issue, revoke, read))).toEqual([
    "token 2-3 west does not accept the token that east holds for it",
  ]);
});

test.each([
  [
    "lacks a Service of a peer",
    held("east", { west: ["helloworld.sample"] }),
    "the istiod of east holds no endpoints of helloworld.sample in west",
  ],
  ["forgets a peer", held("east", {}), "the istiod of east does not read west (not known to it)"],
  [
    "is shut out by a peer",
    held("east", { west: [] }, "closed"),
    "the istiod of east does not read west (closed)",
  ],
])("an istiod that %s in mid-step is reported, and that it is whole again", (_, event, expected) => {
  expect(found(watched(both, event, held("east", { west: [] })))).toEqual([`endpoints 1-2 ${expected}`]);
});

test("an istiod that reads a peer anew, and holds all of it meanwhile, interrupts nothing", () => {
  expect(found(watched(both, held("east", { west: [] }, "syncing"), held("east", { west: [] })))).toEqual([]);
});

test("what istiod holds of a member that joins or leaves, and what it lacked before, is not laid at the step's door", () => {
  const three = [...both, "south"];
  const joined = held("east", { west: [], south: ["istiod.istio-system"] });
  expect(found(watched(both, ...memberObjects("south", three), joined), meshOf(...three))).toEqual([]);
  expect(found(watched(three, held("east", { west: [] })), meshOf(...both), three)).toEqual([]);

  const lacking = held("east", { west: ["helloworld.sample"] });
  const { before } = watched(both);
  expect(
    found({ before: [...before, { ...lacking, revision: 1 }], after: [{ ...lacking, revision: 2 }] }),
  ).toEqual([]);
});

const roots = (names: string[], signer: string) => both.map((member) => cacerts(member, names, signer));
const serving = (names: string[]) => both.map((member) => served(member, names));

test("the three steps of a rotation interrupt nothing", () => {
  const [a, ab] = [["default"], ["default", "next"]];
  expect(found(watched(both, ...roots(ab, "default"), ...serving(ab)))).toEqual([]);

  const trusting = (...events: Parameters<typeof watched>[1][]) => {
    const { before, after } = watched(both, ...roots(ab, "default"), ...serving(ab), ...events);
    return { before: [...before, ...after.slice(0, 4)], after: after.slice(4) };
  };
  expect(found(trusting(...roots(ab, "next")))).toEqual([]);
  expect(found(trusting(...roots(a, "default"), ...serving(a)))).toEqual([]);
});

test("a root that signs before the others' istiods serve it is not trusted", () => {
  const ab = ["default", "next"];
  expect(
    found(watched(both, cacerts("east", ab, "next"), cacerts("west", ab, "default"), ...serving(ab))),
  ).toEqual([
    "trust 1-3 east does not trust root next, which vouches for workloads of east",
    "trust 1-4 west does not trust root next, which vouches for workloads of east",
  ]);
});

test("a root is dropped too early while running proxies hold certificates of it", () => {
  const seen = watched(both, ...serving(["next"]), ...roots(["next"], "next"));
  expect(found(seen)).toContain(
    "trust 1- east does not trust root default, which vouches for workloads of east",
  );
});

test("a root that joins has to be trusted before its member is reached", () => {
  const all = [...both, "south"];
  const own = cacerts("south", ["default", "south"], "south");
  const objects = memberObjects("south", all).map((object) => (object.name === "cacerts" ? own : object));
  const known = peers("east", { south: 1, west: 1 });
  const trust = [cacerts("east", ["default", "south"], "default"), served("east", ["default", "south"])];
  const south = served("south", ["default", "south"]);

  expect(found(watched(both, ...objects, south, ...trust, known), meshOf(...all))).toEqual([]);
  expect(found(watched(both, ...objects, south, known, ...trust), meshOf(...all))).toEqual([
    `trust ${objects.length + 2}-${objects.length + 4} east does not trust root south, which vouches for workloads of south`,
  ]);
});

test.each([
  [
    "gone and back",
    [gone(service("east")), service("east")],
    "gateway 1-2 east has no Service of its east-west gateway",
  ],
  [
    "another one",
    [service("east", { uid: "other", addresses: ["10.0.0.2"] })],
    "address 1- the Service of the east-west gateway of east is a new one; has address 10.0.0.2, and had 10.0.0.1",
  ],
  [
    "of another type",
    [service("east", { type: "ClusterIP" })],
    "address 1- the Service of the east-west gateway of east is of type ClusterIP, and was of type LoadBalancer",
  ],
  [
    "without its port",
    [service("east", { ports: ["15021"] })],
    "address 1- the Service of the east-west gateway of east has ports 15021, and had 15443",
  ],
  [
    "without a ready pod",
    [deployment("east", "east-west gateway", { ready: 0 })],
    "gateway 1- east has no pod of its east-west gateway that is ready",
  ],
  [
    "closed",
    [gone(exposure("east")), exposure("east")],
    "exposure 1-2 east has no Gateway cross-network-gateway",
  ],
  [
    "without istiod",
    [deployment("east", "istiod", { ready: 0 })],
    "istiod 1- east has no istiod that is ready",
  ],
  [
    "on another network",
    [namespace("east", "other")],
    "network 1- east is on network other, and was on east",
  ],
  ["without its CA", [gone(cacerts("east", [], ""))], "cacerts 1- east has no Secret cacerts"],
])("a member %s is reported", (_, events, expected) => {
  expect(found(watched(both, ...events))).toContain(expected);
});

test("a gateway with one more address or port is still the same", () => {
  expect(
    found(watched(both, service("east", { addresses: ["10.0.0.1", "::1"], ports: ["15443", "1"] }))),
  ).toEqual([]);
});

test("what was broken before the step is not laid at its door", () => {
  const { before } = watched(both);
  const without = before.filter(({ member, kind }) => !(member === "east" && kind === "Service"));
  expect(found({ before: without, after: [] })).toEqual([]);
});

const anything = fc.constantFrom(
  ...both.flatMap((member) => {
    const objects = memberObjects(member, both);
    return [...objects, ...objects.map(gone), namespace(member, "other"), cacerts(member, ["next"], "next")];
  }),
);

test("whatever happens, a step that ends as it began leaves nothing open, and begins before it ends", () => {
  fc.assert(
    fc.property(fc.array(anything, { maxLength: 12 }), (events) => {
      const back = both.flatMap((member) => memberObjects(member, both));
      const seen = watched(both, ...events, ...back);
      const interruptions = interruptionsOf(seen, roles(both), meshOf(...both));
      const last = eventsOf(seen).length;
      for (const { from, until } of interruptions) {
        expect(until).toBeGreaterThan(from);
        expect(until).toBeLessThanOrEqual(last);
      }
    }),
  );
});

test("a primary that becomes a remote is served by its primary's istiod, and its gateway has the primary's objects", () => {
  const mesh = parseMesh({
    clusters: [
      { name: "east", context: "east" },
      { name: "west", context: "west", role: "remote", primary: "east" },
    ],
  });
  const left = [gone(deployment("west", "istiod")), gone(exposure("west")), gone(peers("west", {}))];

  expect(found(watched(both, ...left), mesh)).toEqual([]);
  expect(found(watched(both, ...left, deployment("east", "istiod", { ready: 0 })), mesh)).toEqual([
    "istiod 4- east has no istiod that is ready",
    "istiod 4- west has no istiod that is ready",
  ]);
});

test("running workloads of a primary that becomes a remote hold certificates of the root that it had", () => {
  const mesh = parseMesh({
    clusters: [
      { name: "east", context: "east" },
      { name: "west", context: "west", role: "remote", primary: "east" },
    ],
  });
  const federated = (roots: string[]) => [
    cacerts("east", roots, "east"),
    served("east", roots),
    cacerts("west", roots, "west"),
    served("west", roots),
  ];
  const { before, after } = watched(both, ...federated(both), ...federated(["east"]).slice(0, 2));
  const seen = { before: [...before, ...after.slice(0, 4)], after: after.slice(4) };

  expect(found(seen, mesh)).toEqual([
    "trust 2- east does not trust root west, which vouches for workloads of west",
  ]);
});

test("states that repeat themselves are no events, and events are numbered from 1", () => {
  const seen = watched(
    both,
    service("east"),
    namespace("east", "other"),
    namespace("east", "other"),
    gone(service("west")),
  );
  expect(eventsOf(seen).map((event) => `${event.number} ${event.member} ${describeEvent(event)}`)).toEqual([
    "1 east Namespace istio-system: network east → other",
    "2 west Service istio-eastwestgateway: deleted",
  ]);
});
