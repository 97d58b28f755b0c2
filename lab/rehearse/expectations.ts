/** What has to hold at every moment of a step: for members that stay, and between them and those that join. Pure. */
import type { MeshSpec } from "../../mesh/mesh-spec";
import {
  exposesIstiod,
  exposesServices,
  needsEastWestGateway,
  peersOf,
  trustedBy,
} from "../../mesh/topology";
import type { Root } from "./facts";
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
export function expectations(before: Roles, mesh: MeshSpec, start: World): Expectation[] {
  const staying = mesh.members.map(({ name }) => name).filter((name) => name in before);
  const primaries = mesh.members.filter(({ role }) => role === "primary").map(({ name }) => name);
  const wasPrimary = staying.filter((name) => before[name] === "primary");
  const stayPrimary = wasPrimary.filter((name) => primaries.includes(name));
  return [
    ...stayPrimary.flatMap((reader) =>
      peersOf(mesh, reader)
        .map(({ name }) => name)
        .filter((peer) => staying.includes(peer))
        .flatMap((peer) => [key(reader, peer, start), endpoints(reader, peer)]),
    ),
    ...primaries.flatMap((reader) => mesh.members.map(({ name }) => token(reader, name))),
    ...primaries.flatMap((member) =>
      primaries.map((peer) =>
        stayPrimary.includes(member) && stayPrimary.includes(peer) && isToTrust(mesh, member, peer)
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
      ...(needsEastWestGateway(mesh, member) ? [gateway(member), address(member, start)] : []),
      // A remote's gateway has the objects of its primary.
      ...(stayPrimary.includes(member) && exposesServices(mesh, member)
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

/** A root leaves the bundle of a member that meets its workloads no more: then it is its key that must have left before. */
function isToTrust(mesh: MeshSpec, member: string, peer: string): boolean {
  return mesh.config.trust.mode === "shared" || trustedBy(mesh, member).some(({ name }) => name === peer);
}

const expectation = (
  kind: Kind,
  members: string[],
  broken: (world: World) => string | undefined,
): Expectation => ({ kind, members, broken });

function key(reader: string, peer: string, start: World): Expectation {
  const wasThere = peer in start.keys(reader);
  return expectation("key", [reader], (world) =>
    wasThere && !(peer in world.keys(reader)) ? `${reader} holds no remote secret for ${peer}` : undefined,
  );
}

function token(reader: string, peer: string): Expectation {
  return expectation("token", [reader, peer], (world) => {
    const held = world.keys(reader)[peer];
    return held === undefined || world.accepts(peer, held)
      ? undefined
      : `${peer} does not accept the token that ${reader} holds for it`;
  });
}

function endpoints(reader: string, peer: string): Expectation {
  return expectation("endpoints", [reader], (world) => {
    const { state = "not known to it", lacking = [] } = world.held(reader)?.[peer] ?? {};
    // Until it has read a peer anew, an istiod keeps what it held.
    if (!["synced", "syncing"].includes(state))
      return `the istiod of ${reader} does not read ${peer} (${state})`;
    return lacking.length === 0
      ? undefined
      : `the istiod of ${reader} holds no endpoints of ${lacking.join(", ")} in ${peer}`;
  });
}

/** Of two that stay. A changed signer does not make running proxies fetch new certificates: the old signer counts as well. */
function trustsOnwards(member: string, peer: string, start: World): Expectation {
  const old = start.one(peer, "Cacerts")?.signer;
  const trusted = old !== undefined && start.trusted(member).some(({ id }) => id === old.id);
  return expectation("trust", [member, peer], (world) =>
    trusted ? distrust(world, member, peer, old) : undefined,
  );
}

/** Where one of the two is new: from the moment that the one knows the other's endpoints. */
function trustsOnceReached(member: string, peer: string): Expectation {
  return expectation("trust", [member, peer], (world) =>
    peer in world.keys(member) ? distrust(world, member, peer) : undefined,
  );
}

function distrust(world: World, member: string, peer: string, old?: Root): string | undefined {
  const trusted = world.trusted(member);
  const signers = [old, world.one(peer, "Cacerts")?.signer].filter((signer) => signer !== undefined);
  const missing = signers.find(({ id }) => !trusted.some((root) => root.id === id));
  return missing && `${member} does not trust root ${missing.name}, which vouches for workloads of ${peer}`;
}

function cacerts(member: string): Expectation {
  return expectation("cacerts", [member], (world) =>
    world.one(member, "Cacerts") === undefined ? `${member} has no Secret cacerts` : undefined,
  );
}

/** @param primary the member itself, or the primary of one that becomes a remote. */
function istiod(member: string, primary: string): Expectation {
  return expectation("istiod", [member, primary], (world) =>
    [member, primary].some((name) => world.ready(name, "istiod") > 0)
      ? undefined
      : `${member} has no istiod that is ready`,
  );
}

function network(member: string, start: World): Expectation {
  const networkOf = (world: World) => world.one(member, "Namespace")?.network;
  const old = networkOf(start);
  return expectation("network", [member], (world) => {
    const now = networkOf(world);
    return now === old
      ? undefined
      : `${member} is on network ${now ?? "(none)"}, and was on ${old ?? "none"}`;
  });
}

function gateway(member: string): Expectation {
  return expectation("gateway", [member], (world) => {
    if (world.one(member, "EastWestService") === undefined)
      return `${member} has no Service of its east-west gateway`;
    return world.ready(member, "east-west gateway") === 0
      ? `${member} has no pod of its east-west gateway that is ready`
      : undefined;
  });
}

function address(member: string, start: World): Expectation {
  const old = start.one(member, "EastWestService");
  return expectation("address", [member], (world) => {
    const now = world.one(member, "EastWestService");
    if (old === undefined || now === undefined) return undefined;
    const isKept = (before: string[], after: string[]) => before.every((one) => after.includes(one));
    const changes = [
      now.uid !== old.uid && "is a new one",
      now.type !== old.type && `is of type ${now.type}, and was of type ${old.type}`,
      !isKept(old.addresses, now.addresses) &&
        `has address ${now.addresses.join(", ") || "none"}, and had ${old.addresses.join(", ")}`,
      // A node port goes with the type.
      now.type === old.type &&
        !isKept(old.ports, now.ports) &&
        `has ports ${now.ports.join(", ")}, and had ${old.ports.join(", ")}`,
    ].filter((change) => change !== false);
    return changes.length === 0
      ? undefined
      : `the Service of the east-west gateway of ${member} ${changes.join("; ")}`;
  });
}

function istioObject(member: string, type: string, name: string, start: World): Expectation {
  const wasThere = start.hasObject(member, type, name);
  return expectation("exposure", [member], (world) =>
    wasThere && !world.hasObject(member, type, name) ? `${member} has no ${type} ${name}` : undefined,
  );
}
