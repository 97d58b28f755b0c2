import fc from "fast-check";
import type { LiveMember } from "../../mesh/live-member";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { parseMesh } from "../../mesh/parse";
import { planOf, type MemberPlan, type Plan } from "../../mesh/plan";

/** Clusters of any mix of roles, networks, gateways and `reads`, the first of them a primary. */
const shape = fc.record({
  remote: fc.boolean(),
  serving: fc.nat(),
  network: fc.option(fc.constantFrom("n1", "n2")),
  reads: fc.option(fc.array(fc.nat(), { maxLength: 4 })),
  ingress: fc.constantFrom(undefined, {}, { service: { type: "NodePort", nodePorts: {} } }),
  eastWest: fc.constantFrom(undefined, {
    service: { type: "NodePort" },
    addresses: ["192.0.2.1"],
    port: 31443,
  }),
});
const stacks = fc.array(shape, { minLength: 1, maxLength: 12 }).map((shapes) => {
  const isPrimary = shapes.map(({ remote }, index) => index === 0 || !remote);
  const serving = isPrimary.flatMap((is, index) => (is ? [`c${index}`] : []));
  const primaryOf = (index: number) =>
    isPrimary[index] ? `c${index}` : serving[shapes[index]!.serving % serving.length]!;
  const names = shapes.map((_, index) => `c${index}`);
  const toRead = (index: number, chosen: number[]) =>
    names.filter(
      (name, other) =>
        other !== index &&
        (primaryOf(other) === names[index] || chosen.some((one) => names[one % names.length] === name)),
    );
  return shapes.map(({ network, ingress, eastWest, reads }, index) => ({
    name: `c${index}`,
    context: "kind",
    ...(reads !== null && isPrimary[index] && { reads: toRead(index, reads) }),
    ...(network !== null && { network }),
    ...(ingress && { ingress }),
    ...(eastWest && { eastWest }),
    ...(!isPrimary[index] && { role: "remote", primary: primaryOf(index) }),
  }));
});

const membersOf = ({ primaries }: Plan): MemberPlan[] =>
  primaries.flatMap((primary) => [primary, ...primary.serves]);
const kinds = ({ gateways }: MemberPlan) => gateways.map((step) => step.map(({ kind }) => kind));

/** What waits for what, as `Plan` says it: `a/peers` for `b/token`. */
function edges(plan: Plan): [later: string, earlier: string][] {
  const readers = plan.primaries.filter(({ reads }) => reads.length > 0).map(({ member }) => member.name);
  const within = ({ member: { name }, isRead }: MemberPlan): [string, string][] => [
    [`${name}/istiod`, `${name}/bundle`],
    [`${name}/gateways`, `${name}/istiod`],
    ...(isRead && plan.first === "trust" ? [[`${name}/token`, `${name}/istiod`] as [string, string]] : []),
    ...(plan.first === "exchange"
      ? readers.map((reader) => [`${name}/bundle`, `${reader}/peers`] as [string, string])
      : []),
  ];
  return [
    ...membersOf(plan).flatMap(within),
    ...plan.primaries.flatMap(({ member: { name }, reads, readsAfter, serves }): [string, string][] => [
      ...reads.map((peer): [string, string] => [`${name}/peers`, `${peer}/token`]),
      ...readsAfter.gateways.map((peer): [string, string] => [`${name}/peers`, `${peer}/gateways`]),
      ...readsAfter.istiods.map((other): [string, string] => [`${name}/peers`, `${other}/istiod`]),
      ...(reads.length > 0 && plan.first === "trust"
        ? [[`${name}/peers`, `${name}/istiod`] as [string, string]]
        : []),
      ...serves.flatMap((remote): [string, string][] => [
        [`${remote.member.name}/istiod`, `${name}/gateways`],
        [`${remote.member.name}/gateways`, `${name}/peers`],
      ]),
    ]),
  ];
}

/** What is left when everything that waits for nothing is done, over and over. */
function stuck(waits: [string, string][]): string[] {
  let left = waits;
  for (;;) {
    const waiting = new Set(left.map(([later]) => later));
    const next = left.filter(([, earlier]) => waiting.has(earlier));
    if (next.length === left.length) return [...waiting];
    left = next;
  }
}

/** A member of federated trust whose root is in the bundle of `c0`, and which is there no more. */
const gone: LiveMember[] = [{ name: "c0", tokenGenerations: [1], roots: ["c0", "gone"] }];
const meshes = fc
  .record({ clusters: stacks, mode: fc.constantFrom("shared", "federated"), drops: fc.boolean() })
  .map(({ clusters, mode, drops }): [MeshSpec, LiveMember[]] => [
    parseMesh({ mesh: { trust: { mode } }, clusters }),
    drops ? gone : [],
  ]);

describe("in every mesh", () => {
  const holds = (check: (plan: Plan, mesh: MeshSpec) => void) =>
    fc.assert(fc.property(meshes, ([mesh, live]) => check(planOf(mesh, live), mesh)));

  it("every member is made once", () =>
    holds((plan, mesh) => {
      const names = membersOf(plan).map(({ member }) => member.name);
      expect(names.toSorted()).toEqual(mesh.members.map(({ name }) => name));
    }));

  it("nobody waits for what waits for him", () => holds((plan) => expect(stuck(edges(plan))).toEqual([])));

  it("a PeerSecret waits for the token of every member that it reads, and of nobody who has none", () =>
    holds((plan, mesh) => {
      const read = membersOf(plan).filter(({ isRead }) => isRead);
      for (const { member, reads } of plan.primaries) {
        const others = mesh.members.map(({ name }) => name).filter((name) => name !== member.name);
        expect(reads.toSorted()).toEqual((member.reads ?? others).toSorted());
      }
      const wanted = new Set(plan.primaries.flatMap(({ reads }) => reads));
      expect(new Set(read.map(({ member }) => member.name))).toEqual(wanted);
    }));

  it("a primary that serves remotes has the gateway by which they reach it", () =>
    holds((plan) => {
      const serving = plan.primaries.filter(({ serves }) => serves.length > 0);
      for (const primary of serving) expect(kinds(primary).flat()).toContain("eastWest");
    }));

  it("no gateway comes beside one with fixed node ports", () =>
    holds((plan) => {
      const fixed = membersOf(plan).filter(
        ({ member: { ingress, eastWest } }) =>
          ingress?.service.nodePorts !== undefined ||
          (ingress !== undefined && eastWest.service.type === "NodePort"),
      );
      expect(fixed.flatMap(({ gateways }) => gateways).filter((step) => step.length !== 1)).toEqual([]);
    }));

  it("the order of the list means nothing", () => {
    const shuffled = stacks.chain((clusters) =>
      fc.tuple(fc.constant(clusters), fc.shuffledSubarray(clusters, { minLength: clusters.length })),
    );
    const of = (clusters: object[]) =>
      JSON.stringify(planOf(parseMesh({ clusters }), []), (key, value: unknown) =>
        key === "path" ? undefined : value,
      );
    fc.assert(fc.property(shuffled, ([clusters, others]) => expect(of(others)).toBe(of(clusters))));
  });
});

test("a primary with a remote, and one without, are planned so", () => {
  const fixed = { service: { type: "NodePort", nodePorts: {} } };
  const mesh = parseMesh({
    clusters: [
      { name: "r", context: "r", role: "remote", primary: "p", ingress: {} },
      { name: "q", context: "q", network: "p", ingress: fixed },
      { name: "p", context: "p" },
    ],
  });
  const [p, q, r] = mesh.members;
  const { ingress } = r!;
  expect(planOf(mesh, [])).toEqual({
    first: "trust",
    primaries: [
      {
        member: p,
        isRead: true,
        gateways: [[{ kind: "eastWest" }]],
        reads: ["q", "r"],
        readsAfter: { gateways: [], istiods: [] },
        serves: [
          { member: r, isRead: true, gateways: [[{ kind: "eastWest" }, { kind: "ingress", ingress }]] },
        ],
      },
      {
        member: q,
        isRead: true,
        gateways: [[{ kind: "ingress", ingress: q!.ingress }], [{ kind: "eastWest" }]],
        reads: ["p", "r"],
        readsAfter: { gateways: [], istiods: [] },
        serves: [],
      },
    ],
  });
});

test("a member alone reads nobody, is read by nobody and has no gateway", () => {
  const mesh = parseMesh({ clusters: [{ name: "a", context: "a" }] });
  expect(planOf(mesh, [])).toEqual({
    first: "trust",
    primaries: [
      {
        member: mesh.members[0],
        isRead: false,
        gateways: [],
        reads: [],
        readsAfter: { gateways: [], istiods: [] },
        serves: [],
      },
    ],
  });
});

test("keys leave the PeerSecrets first only where a root leaves the bundles", () => {
  const first = (mode: string, live: LiveMember[]) =>
    planOf(parseMesh({ mesh: { trust: { mode } }, clusters: [{ name: "c0", context: "c0" }] }), live).first;
  expect(first("federated", gone)).toBe("exchange");
  expect(first("federated", [{ ...gone[0]!, roots: ["c0"] }])).toBe("trust");
  expect(first("shared", gone)).toBe("trust");
});

test("a key waits for the east-west gateway of a peer that joins, on another network, and for no other gateway", () => {
  const mesh = parseMesh({
    clusters: [
      { name: "a", context: "a" },
      { name: "joining", context: "joining" },
      { name: "near", context: "near", network: "a" },
      { name: "fixed", context: "fixed", eastWest: { addresses: ["192.0.2.1"] } },
      { name: "remote", context: "remote", role: "remote", primary: "a", network: "far" },
    ],
  });
  const waitsOf = (live: Omit<LiveMember, "tokenGenerations">[]) =>
    planOf(
      mesh,
      live.map((member) => ({ tokenGenerations: [], ...member })),
    ).primaries.find(({ member }) => member.name === "a")!.readsAfter.gateways;
  expect(waitsOf([])).toEqual(["fixed", "joining"]);
  const stands = { name: "fixed", eastWest: {} };
  expect(waitsOf([stands])).toEqual(["joining"]);
  expect(waitsOf([stands, { name: "joining", eastWest: {} }])).toEqual(["joining"]);
  expect(waitsOf([stands, { name: "joining", eastWest: { address: "192.0.2.7" } }])).toEqual([]);
});

test("who does not read everybody waits for the gateways that lead there, and for trust in who answers through them", () => {
  const clusters = [
    { name: "a", context: "a", network: "n", reads: [] },
    { name: "b", context: "b", network: "n", reads: ["a"] },
    { name: "c", context: "c", network: "m", reads: ["b"] },
  ];
  const of = (mode: string, live: LiveMember[] = []) =>
    planOf(parseMesh({ mesh: { trust: { mode } }, clusters }), live).primaries.map(
      ({ readsAfter }) => readsAfter,
    );
  const none = { gateways: [], istiods: [] };
  expect(of("shared")).toEqual([none, none, { gateways: ["b"], istiods: [] }]);
  expect(of("federated")).toEqual([none, none, { gateways: ["b"], istiods: ["a"] }]);
  const leaving = [{ name: "a", tokenGenerations: [1], roots: ["a", "b", "c", "gone"] }];
  expect(of("federated", leaving)).toEqual([none, none, none]);
});

test("keys leave first, too, where a member stays and its root leaves a bundle", () => {
  const live = (name: string): LiveMember => ({ name, tokenGenerations: [1], roots: ["a", "b"] });
  const first = (reads: object) =>
    planOf(
      parseMesh({
        mesh: { trust: { mode: "federated" } },
        clusters: ["a", "b"].map((name) => ({ name, context: name, ...reads })),
      }),
      [live("a"), live("b")],
    ).first;
  expect(first({})).toBe("trust");
  expect(first({ reads: [] })).toBe("exchange");
});
