/** Ranges of addresses cut from the subnet of a Docker or podman network: one for each member, by the number in its name. */
import { formatAddressRange, overlap, parseAddressRange, type AddressRange } from "./address-range";
import type { Member, MeshSpec } from "./mesh-spec";
import { ConfigError, type Problem } from "./problems";

/** The IPv4 side of a container network, as the engine describes it. */
export interface ContainerNetwork {
  /** CIDR. */
  subnet: string;
  gateway?: string;
  /** CIDR within the subnet from which alone the engine takes addresses for containers. */
  ipRange?: string;
  /** Further addresses that the engine's network driver uses. */
  auxiliary?: string[];
}

/** Addresses left free above the first range, the broadcast address included. */
const margin = 5;
/** Addresses of a range; the first has one more. */
const rangeSize = 25;
/** Share of the subnet, from the bottom, that is left to containers: an engine takes the lowest free address. */
const containersShare = 1 / 4;

/**
 * Number of the member's range: the number at the end of its name, so that cluster2 keeps its range whoever joins or
 * leaves, and wherever it stands in the list. Undefined where there is none.
 */
export function rangeNumber(name: string): number | undefined {
  const number = Number(/\d+$/.exec(name)?.[0]);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/**
 * The ranges that a network has room for, from the top of its subnet down. Range 1 and 2 of 172.18.0.0/16 are
 * 172.18.255.225-172.18.255.250 and 172.18.255.200-172.18.255.224, and so on with 25 addresses each; those in which the
 * engine uses an address are passed over.
 */
export function addressRanges(network: ContainerNetwork): AddressRange[] {
  const subnet = parseAddressRange(network.subnet)!;
  const lowest = subnet.first + Math.ceil((subnet.last - subnet.first + 1) * containersShare);
  const used = [network.gateway, ...(network.auxiliary ?? [])]
    .flatMap((address) => (address === undefined ? [] : [parseAddressRange(`${address}-${address}`)]))
    // A range as large as the subnet says nothing: the engine then starts at the bottom.
    .concat(network.ipRange === network.subnet ? undefined : parseAddressRange(network.ipRange ?? ""))
    .filter((range) => range !== undefined);

  const ranges: AddressRange[] = [];
  let last = subnet.last - margin;
  for (let first = last - rangeSize; first >= lowest; first -= rangeSize) {
    const range = { first, last };
    if (!used.some((other) => overlap(other, range))) ranges.push(range);
    last = first - 1;
  }
  return ranges;
}

/**
 * Gives a range of the network to every member that has no `addresses`.
 * @throws ConfigError where the network has no range of that number, or somebody was given addresses of it.
 */
export function cutAddresses(mesh: MeshSpec, network: ContainerNetwork): MeshSpec {
  const ranges = addressRanges(network);
  const given = mesh.members.flatMap(({ name, addresses }) =>
    addresses === undefined ? [] : [{ name, range: parseAddressRange(addresses)! }],
  );
  const problems: Problem[] = [];
  const cut = (member: Member): Member => {
    if (member.addresses !== undefined) return member;
    const number = rangeNumber(member.name)!;
    const range = ranges[number - 1];
    const holder = range && given.find((other) => overlap(other.range, range));
    if (range !== undefined && holder === undefined) {
      return { ...member, addresses: formatAddressRange(range) };
    }
    problems.push({
      path: `${member.path}.addresses`,
      message:
        range === undefined
          ? `${member.name} would get range ${number} of ${network.subnet}, which has room for ${ranges.length}.`
          : `${member.name} would get ${formatAddressRange(range)}, which overlaps with the addresses of ${holder!.name}.`,
      remedy: "Give the member a free range, or the network a larger subnet.",
    });
    return member;
  };
  const members = mesh.members.map(cut);
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...mesh, members };
}
