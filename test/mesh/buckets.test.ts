import fc from "fast-check";
import { peerBuckets, peersPerBucket } from "../../mesh/buckets";

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,10}[a-z0-9]$/);
const names = fc.uniqueArray(name, { maxLength: 40 });
const many = (count: number, prefix = "cluster") =>
  Array.from({ length: count }, (_, index) => `${prefix}-${index}`);

function bucketOf(buckets: Map<number, string[]>): Map<string, number> {
  return new Map([...buckets].flatMap(([bucket, members]) => members.map((member) => [member, bucket])));
}

it("up to 200 peers are in one bucket", () => {
  expect(peersPerBucket).toBe(200);
  expect([...peerBuckets([]).keys()]).toEqual([]);
  expect([...peerBuckets(many(200)).keys()]).toEqual([0]);
  expect([...peerBuckets(many(201)).keys()]).toEqual([0, 1]);
});

it("every name is in exactly one bucket, whatever the order", () => {
  fc.assert(
    fc.property(names, fc.constantFrom(0, 150, 500), (some, more) => {
      const all = [...some, ...many(more)];
      const buckets = peerBuckets(all);
      expect([...buckets.values()].flat().sort()).toEqual([...all].sort());
      expect(peerBuckets(all.toReversed())).toEqual(buckets);
    }),
  );
});

it("a peer that joins moves no other, unless the number of buckets changes", () => {
  fc.assert(
    fc.property(name, fc.constantFrom(10, 250, 600), (joining, count) => {
      const [before, after] = [peerBuckets(many(count)), peerBuckets([...many(count), joining])];
      fc.pre(Math.max(...before.keys()) === Math.max(...after.keys()));
      const places = bucketOf(after);
      expect([...bucketOf(before)].filter(([member, bucket]) => places.get(member) !== bucket)).toEqual([]);
    }),
  );
});

it("when the number of buckets doubles, a peer stays or moves to a new bucket", () => {
  const [before, after] = [bucketOf(peerBuckets(many(200))), bucketOf(peerBuckets(many(250)))];
  for (const [member, bucket] of before) expect([bucket, bucket + 1]).toContain(after.get(member));
});

it("no bucket is over the bound, and their number is not far above what is needed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1500 }), name, (count, prefix) => {
      const buckets = peerBuckets(many(count, prefix));
      expect(Math.max(...[...buckets.values()].map((members) => members.length))).toBeLessThanOrEqual(
        peersPerBucket,
      );
      expect(buckets.size).toBeLessThanOrEqual(4 * Math.ceil(count / peersPerBucket));
    }),
    { numRuns: 30 },
  );
});
