import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { overlap, parseAddressRange, type AddressRange } from "../mesh/address-range";
import { isKind, list, memberOf, violation } from "./resource";

interface Pool {
  resource: PolicyResource;
  path: string;
  written: string;
  range: AddressRange;
}

/** Members of one layer-2 network that give out the same address answer for each other's gateways. */
export const addressPools: StackValidationPolicy = {
  name: "address-pools",
  description: "No two address pools overlap.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    const pools = resources
      .filter(({ type }) => isKind(type, "metallb.io", "IPAddressPool"))
      .flatMap(poolsOf);
    for (const [index, pool] of pools.entries()) {
      for (const other of pools.slice(0, index).filter(({ range }) => overlap(range, pool.range))) {
        report(
          violation({
            resource: pool.resource.name,
            path: pool.path,
            value: pool.written,
            message: `${memberOf(other.resource)} gives out some of the same addresses: ${other.written} in ${other.resource.name}.`,
            remedy: `Give ${memberOf(pool.resource)} \`addresses\` of its own.`,
          }),
          pool.resource.urn,
        );
      }
    }
  },
};

/** The IPv4 ranges of an IPAddressPool. https://metallb.io/apis/#ipaddresspoolspec */
function poolsOf(resource: PolicyResource): Pool[] {
  return list(resource.props, "spec", "addresses").flatMap((written, index) => {
    const range = typeof written === "string" ? parseAddressRange(written.trim()) : undefined;
    return range === undefined
      ? []
      : [{ resource, path: `spec.addresses[${index}]`, written: written as string, range }];
  });
}
