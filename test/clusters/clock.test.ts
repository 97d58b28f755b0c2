import fc from "fast-check";
import { clockOffset } from "../../clusters/clock";

const now = Date.UTC(2026, 0, 1, 12, 0, 0, 400);
const header = (ms: number) => new Date(ms).toUTCString();

test.each([
  ["the same second", 0, 0],
  ["an hour ahead", 3_600_000, 3_599_500],
  ["an hour behind", -3_600_000, -3_599_400],
])("%s", (_, offset, found) => {
  expect(clockOffset(header(now + offset), now, now + 100)).toBe(found);
});

test("a server that does not say how late it is has no clock that could be off", () => {
  for (const date of [undefined, "", "soon"]) expect(clockOffset(date, now, now)).toBeUndefined();
});

test("never more than it is, and less by no more than the answer took and a second", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1e9, max: 1e9 }),
      fc.nat(60_000),
      fc.nat(60_000),
      (offset, until, afterwards) => {
        const written = now + until;
        const found = clockOffset(header(written + offset), now, written + afterwards)!;
        expect(Math.abs(found)).toBeLessThanOrEqual(Math.abs(offset));
        expect(Math.abs(offset - found)).toBeLessThanOrEqual(until + afterwards + 1000);
      },
    ),
  );
});
