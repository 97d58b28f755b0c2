import fc from "fast-check";
import { overlap, parseAddressRange } from "../../mesh/address-range";

describe("a range of addresses", () => {
  it.each([
    ["10.89.1.200-10.89.1.220", 0x0a5901c8, 0x0a5901dc],
    ["10.89.1.200 - 10.89.1.200", 0x0a5901c8, 0x0a5901c8],
    ["10.89.1.0/24", 0x0a590100, 0x0a5901ff],
    ["10.89.1.7/24", 0x0a590100, 0x0a5901ff],
    ["255.255.255.255/32", 0xffffffff, 0xffffffff],
  ])("is read from %s", (text, first, last) => {
    expect(parseAddressRange(text)).toEqual({ first, last });
  });

  it.each([
    "10.89.1.200",
    "10.89.1.220-10.89.1.200",
    "10.89.1.200-10.89.1.300",
    "10.89.1.200-220",
    "10.89.1.0/33",
    "10.89.0/24",
    "fd00::/64",
    "",
  ])("is not read from %j", (text) => {
    expect(parseAddressRange(text)).toBeUndefined();
  });
});

it("ranges overlap when, and only when, an address is in both", () => {
  const range = fc
    .tuple(fc.nat(20), fc.nat(20))
    .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));
  fc.assert(
    fc.property(range, range, (a, b) => {
      const shared = Array.from({ length: 21 }, (_, address) => address).some(
        (address) => address >= a.first && address <= a.last && address >= b.first && address <= b.last,
      );
      expect(overlap(a, b)).toBe(shared);
      expect(overlap(b, a)).toBe(shared);
    }),
  );
});
