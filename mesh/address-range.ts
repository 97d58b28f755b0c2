/** Ranges of IPv4 addresses, as MetalLB takes them. */
import ipaddr from "ipaddr.js";

/** Both ends included; the address as a number. */
export interface AddressRange {
  first: number;
  last: number;
}

/** Reads `10.89.1.200-10.89.1.220` or a CIDR; undefined where the text is neither. */
export function parseAddressRange(text: string): AddressRange | undefined {
  if (ipaddr.IPv4.isValidCIDRFourPartDecimal(text)) {
    return {
      first: toNumber(ipaddr.IPv4.networkAddressFromCIDR(text)),
      last: toNumber(ipaddr.IPv4.broadcastAddressFromCIDR(text)),
    };
  }
  const ends = text.split("-").map((end) => end.trim());
  if (ends.length !== 2 || !ends.every((end) => ipaddr.IPv4.isValidFourPartDecimal(end))) return undefined;
  const [first, last] = ends.map((end) => toNumber(ipaddr.IPv4.parse(end))) as [number, number];
  return first <= last ? { first, last } : undefined;
}

/** As MetalLB takes it: `10.89.1.200-10.89.1.220`. */
export function formatAddressRange({ first, last }: AddressRange): string {
  return `${toText(first)}-${toText(last)}`;
}

export function overlap(a: AddressRange, b: AddressRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

function toNumber(address: ipaddr.IPv4): number {
  return address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
}

function toText(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
