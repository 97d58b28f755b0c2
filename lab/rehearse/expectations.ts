/** What has to hold at every moment of a step: for members that stay, and between them and those that join. Pure. */
import type { Mesh } from "../../mesh/mesh";
import { exposesIstiod, needsEastWestGateway, networks } from "../../mesh/topology";
import type { World } from "./world";

export type Kind =
  | "key"
  | "token"
  | "endpoints"
  | "trust"
  | "cacerts"
  | "gateway"
  | "address"
  | "exposure"
  | "istiod"
  | "network";

export interface Expectation {
  kind: Kind;
  /** Whose objects it depends on; the first is where a person would look. */
  members: string[];
  /** What is wrong at this moment; undefined while it holds. */
  broken(world: World): string | undefined;
}

export type Roles = Record<string, "primary" | "remote">;

/**
 * @param before roles of the members that there were.
 * @param start the moment before the step.
 */
export function expectations(before: Roles, mesh: Mesh, start: World): Expectation[] {
  const staying = mesh.members.map(({ name }) => name).filter((name) => name in before);
  const primaries = mesh.members.filter(({ role }) => role === "primary").map(({ name }) => name);
  const wasPrimary = staying.filter((name) => before[name] === "primary");
  const stayPrimary = wasPrimary.filter((name) => primaries.includes(name));
  return [
    ...stayPrimary.flatMap((reader) =>
      staying
        .filter((peer) => peer !== reader)
        .flatMap((peer) => [key(reader, peer, start), endpoints(reader, peer)]),
    ),
    ...primaries.flatMap((reader) => mesh.members.map(({ name }) => token(reader, name))),
    ...primaries.flatMap((member) =>
      primaries.map((peer) =>
        stayPrimary.includes(member) && stayPrimary.includes(peer)
          ? trustsOnwards(member, peer, start)
          : trustsOnceReached(member, peer),
      ),
    ),
    ...stayPrimary.flatMap((member) =>
      wasPrimary
        .filter((peer) => !primaries.includes(peer))
        .map((peer) => trustsOnwards(member, peer, start)),
    ),
    ...wasPrimary.map((name) => istiod(name, mesh.members.find((member) => member.name === name)!.primary)),
    ...staying.flatMap((member) => [
      cacerts(member),
      network(member, start),
      ...(needsEastWestGateway(mesh, member) ? gateway(member, start) : []),
      // A remote's gateway has the objects of its primary.
      ...(stayPrimary.includes(member) && networks(mesh).length > 1
        ? [istioObject(member, "Gateway", "cross-network-gateway", start)]
        : []),
      ...(exposesIstiod(mesh, member)
        ? [
            istioObject(member, "Gateway", "istiod-gateway", start),
            istioObject(member, "VirtualService", "istiod-vs", start),
          ]
        : []),
    ]),
  ];
}

function key(reader: string, peer: string, start: World): Expectation {
  const wasThere = peer in start.keys(reader);
  return {
    kind: "key",
    members: [reader],
    broken: (world) =>
      wasThere && !(peer in world.keys(reader)) ? `${reader} holds no remote secret for ${peer}` : undefined,
  };
}

function token(reader: string, peer: string): Expectation {
  return {
    kind: "token",
    members: [reader, peer],
    broken: (world) => {
      const held = world.keys(reader)[peer];
      return held === undefined || world.accepts(peer, held)
        ? undefined
        : `${peer} does not accept the token that ${reader} holds for it`;
    },
  };
}

function endpoints(reader: string, peer: string): Expectation {
  return {
    kind: "endpoints",
    members: [reader],
    broken: (world) => {
      const held = world.held(reader)?.[peer];
      if (held === undefined || !["synced", "syncing"].includes(held.state)) {
        return `the istiod of ${reader} does not read ${peer} (${held?.state ?? "not known to it"})`;
      }
      const { lacking } = held;
      return lacking.length === 0
        ? undefined
        : `the istiod of ${reader} holds no endpoints of ${lacking.join(", ")} in ${peer}`;
    },
  };
}

/** Of two that stay. A changed signer does not make running proxies fetch new certificates: the old signer counts as well. */
function trustsOnwards(member: string, peer: string, start: World): Expectation {
  const old = start.cacerts(peer)?.signer;
  const trusted = old !== undefined && start.trusted(member).some(({ id }) => id === old.id);
  return {
    kind: "trust",
    members: [member, peer],
    broken: (world) => (trusted ? distrust(world, member, peer, old) : undefined),
  };
}

/** Where one of the two is new: from the moment that the one knows the other's endpoints. */
function trustsOnceReached(member: string, peer: string): Expectation {
  return {
    kind: "trust",
    members: [member, peer],
    broken: (world) => (peer in world.keys(member) ? distrust(world, member, peer) : undefined),
  };
}

function distrust(
  world: World,
  member: string,
  peer: string,
  old?: { id: string; name: string },
): string | undefined {
  const trusted = world.trusted(member);
  const signers = [old, world.cacerts(peer)?.signer].filter((signer) => signer !== undefined);
  const missing = signers.find(({ id }) => !trusted.some((root) => root.id === id));
  return missing && `${member} does not trust root ${missing.name}, which vouches for workloads of ${peer}`;
}

function cacerts(member: string): Expectation {
  return {
    kind: "cacerts",
    members: [member],
    broken: (world) => (world.cacerts(member) === undefined ? `${member} has no Secret cacerts` : undefined),
  };
}

/** @param primary the member itself, or the primary of one that becomes a remote. */
function istiod(member: string, primary: string): Expectation {
  return {
    kind: "istiod",
    members: [member, primary],
    broken: (world) =>
      [member, primary].some((name) => world.ready(name, "istiod") > 0)
        ? undefined
        : `${member} has no istiod that is ready`,
  };
}

function network(member: string, start: World): Expectation {
  const old = start.network(member);
  return {
    kind: "network",
    members: [member],
    broken: (world) => {
      const now = world.network(member);
      return now === old
        ? undefined
        : `${member} is on network ${now ?? "(none)"}, and was on ${old ?? "none"}`;
    },
  };
}

function gateway(member: string, start: World): Expectation[] {
  const old = start.eastWestService(member);
  return [
    {
      kind: "gateway",
      members: [member],
      broken: (world) => {
        if (world.eastWestService(member) === undefined)
          return `${member} has no Service of its east-west gateway`;
        return world.ready(member, "east-west gateway") === 0
          ? `${member} has no pod of its east-west gateway that is ready`
          : undefined;
      },
    },
    {
      kind: "address",
      members: [member],
      broken: (world) => {
        const now = world.eastWestService(member);
        if (old === undefined || now === undefined) return undefined;
        const changes = [
          ...(now.uid === old.uid ? [] : ["is a new one"]),
          ...(now.type === old.type ? [] : [`is of type ${now.type}, and was of type ${old.type}`]),
          ...(old.addresses.every((address) => now.addresses.includes(address))
            ? []
            : [`has address ${now.addresses.join(", ") || "none"}, and had ${old.addresses.join(", ")}`]),
          // A node port goes with the type.
          ...(now.type !== old.type || old.ports.every((port) => now.ports.includes(port))
            ? []
            : [`has ports ${now.ports.join(", ")}, and had ${old.ports.join(", ")}`]),
        ];
        return changes.length === 0
          ? undefined
          : `the Service of the east-west gateway of ${member} ${changes.join("; ")}`;
      },
    },
  ];
}

function istioObject(member: string, type: string, name: string, start: World): Expectation {
  const old = start.istioObject(member, type, name);
  return {
    kind: "exposure",
    members: [member],
    broken: (world) =>
      old !== undefined && world.istioObject(member, type, name) === undefined
        ? `${member} has no ${type} ${name}`
        : undefined,
  };
}
