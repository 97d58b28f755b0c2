/** A mesh of primaries as a watch sees it, and what may happen to it. */
import type { Facts, Root } from "../../../lab/rehearse/facts";
import type { Sighting } from "../../../lab/rehearse/feed";
import type { Watched } from "../../../lab/rehearse/watch";
import { parseMesh } from "../../../mesh/parse";
import type { MeshSpec } from "../../../mesh/mesh-spec";

export const root = (name: string): Root => ({ id: `id of ${name}`, name });

export function meshOf(...names: string[]): MeshSpec {
  return parseMesh({ clusters: names.map((name) => ({ name, context: name })) });
}

type Gone = Omit<Sighting, "revision" | "facts">;

export const namespace = (member: string, network = member): Gone & { facts: Facts } => ({
  member,
  kind: "Namespace",
  name: "istio-system",
  facts: { kind: "Namespace", network },
});

export const cacerts = (member: string, roots: string[], signer: string): Gone & { facts: Facts } => ({
  member,
  kind: "Secret",
  name: "cacerts",
  facts: {
    kind: "Cacerts",
    roots: roots.map(root),
    signer: root(signer),
  },
});

export const served = (member: string, roots = ["default"]): Gone & { facts: Facts } => ({
  member,
  kind: "ConfigMap",
  name: "istio-ca-root-cert",
  facts: { kind: "Served", roots: roots.map(root) },
});

/** @param peers those that the member's istiod reads, and what it lacks of them. */
export const held = (
  member: string,
  peers: Record<string, string[]>,
  state = "synced",
): Gone & { facts: Facts } => ({
  member,
  kind: "istiod",
  name: "reads",
  facts: {
    kind: "Istiod",
    peers: Object.fromEntries(Object.entries(peers).map(([peer, lacking]) => [peer, { state, lacking }])),
  },
});

export const token = (member: string, generation = 1): Gone & { facts: Facts } => ({
  member,
  kind: "Secret",
  name: `weft-reader-token-${generation}`,
  facts: { kind: "Token", token: `${member} ${generation}` },
});

/** @param peers by name, with the generation of the token held. */
export const peers = (
  member: string,
  peers: Record<string, number>,
  name = "weft-peers",
): Gone & { facts: Facts } => ({
  member,
  kind: "Secret",
  name,
  facts: {
    kind: "PeerSecret",
    tokens: Object.fromEntries(
      Object.entries(peers).map(([peer, generation]) => [peer, `${peer} ${generation}`]),
    ),
  },
});

export const service = (member: string, changes: object = {}): Gone & { facts: Facts } => ({
  member,
  kind: "Service",
  name: "istio-eastwestgateway",
  facts: {
    kind: "EastWestService",
    uid: "u",
    type: "LoadBalancer",
    addresses: ["10.0.0.1"],
    ports: ["15443"],
    ...changes,
  },
});

export const deployment = (
  member: string,
  runs: "istiod" | "east-west gateway",
  { ready = 1, rolledOut = true } = {},
): Gone & { facts: Facts } => ({
  member,
  kind: "Deployment",
  name: runs,
  facts: { kind: "Deployment", runs, ready, rolledOut },
});

export const exposure = (member: string): Gone & { facts: Facts } => ({
  member,
  kind: "Gateway",
  name: "cross-network-gateway",
  facts: { kind: "IstioObject", type: "Gateway", spec: "0123456789abcdef" },
});

/** Everything of a member among these. */
export function memberObjects(member: string, all: string[]): (Gone & { facts: Facts })[] {
  const others = all.filter((name) => name !== member);
  return [
    namespace(member),
    cacerts(member, ["default"], "default"),
    served(member),
    token(member),
    peers(member, Object.fromEntries(others.map((name) => [name, 1]))),
    service(member),
    deployment(member, "istiod"),
    deployment(member, "east-west gateway"),
    exposure(member),
    held(member, Object.fromEntries(others.map((name) => [name, []]))),
  ];
}

export const gone = ({ member, kind, name }: Gone): Gone => ({ member, kind, name });

/** From a mesh in order, through these events. */
export function watched(members: string[], ...events: (Gone & { facts?: Facts })[]): Watched {
  return {
    before: members
      .flatMap((member) => memberObjects(member, members))
      .map((object) => ({ ...object, revision: 1 })),
    after: events.map((event, index) => ({ ...event, revision: index + 2 })),
  };
}
