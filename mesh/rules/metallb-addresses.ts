/** Addresses that MetalLB gives. */
import { rangeNumber } from "../address-pools";
import { overlap, parseAddressRange } from "../address-range";
import type { Member } from "../mesh-spec";
import type { Problem } from "../problems";
import type { Draft } from "../draft";

export function metallbProblems({ mesh: { config, members } }: Draft): Problem[] {
  if (config.loadBalancer === undefined) return members.flatMap(needsLoadBalancer);
  return [
    ...(config.loadBalancer.network === undefined
      ? members.flatMap(needsAddresses)
      : members.flatMap(needsNumber)),
    ...overlaps(members),
  ];
}

function needsLoadBalancer({ path, addresses }: Member): Problem[] {
  if (addresses === undefined) return [];
  return [
    {
      path: `${path}.addresses`,
      value: addresses,
      message: "Nothing gives these addresses: MetalLB is installed only with `weft:mesh.loadBalancer`.",
      remedy: "Set `weft:mesh.loadBalancer: {}`, or remove the key.",
    },
  ];
}

function needsAddresses({ path, addresses }: Member): Problem[] {
  if (addresses !== undefined) return [];
  return [
    {
      path: `${path}.addresses`,
      message:
        "Required: MetalLB needs addresses to give, and `weft:mesh.loadBalancer.network` names no network to take them from.",
      remedy: "Give a free range of the cluster's subnet, such as 10.89.1.200-10.89.1.220.",
    },
  ];
}

/** What a member gets must not depend on who else is there, or a member that leaves would move the others' gateways. */
function needsNumber({ name, path, addresses }: Member, index: number, members: Member[]): Problem[] {
  if (addresses !== undefined) return [];
  const number = rangeNumber(name);
  const other = members
    .slice(0, index)
    .find((earlier) => earlier.addresses === undefined && rangeNumber(earlier.name) === number);
  if (number !== undefined && other === undefined) return [];
  return [
    {
      path: `${path}.addresses`,
      message:
        number === undefined
          ? `Required: a member gets the range of the number at the end of its name, and ${name} ends in none.`
          : `Required: ${name} and ${other!.name} end in the same number, so both would get range ${number}.`,
      remedy: "Give the member a free range of the network, or a name that ends in a number of its own.",
    },
  ];
}

/** Also between members of different networks: an address has to lead every peer to the same gateway. */
function overlaps(members: Member[]): Problem[] {
  const ranges = members.flatMap(({ name, path, addresses }) =>
    addresses === undefined ? [] : [{ name, path, addresses, range: parseAddressRange(addresses)! }],
  );
  return ranges.flatMap(({ path, addresses, range }, index) => {
    const other = ranges.slice(0, index).find((earlier) => overlap(earlier.range, range));
    if (other === undefined) return [];
    return {
      path: `${path}.addresses`,
      value: addresses,
      message: `Overlaps with ${other.addresses} of ${other.name}: two gateways could get one address.`,
      remedy: "Give each member a range of its own.",
    };
  });
}
