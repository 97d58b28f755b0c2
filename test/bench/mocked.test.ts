import { type Mocked, mockedReport, runMocked } from "../../bench/mocked";

test("every member adds the same, where reads are bounded", async () => {
  const [three, four, five] = await Promise.all([3, 4, 5].map((clusters) => runMocked(clusters, 1)));
  expect(four!.resources - three!.resources).toBeGreaterThan(10);
  expect(five!.resources - four!.resources).toBe(four!.resources - three!.resources);
  for (const { inputBytes, seconds, cpuSeconds, peakMiB } of [three!, four!, five!]) {
    expect(Math.min(inputBytes, seconds, cpuSeconds, peakMiB)).toBeGreaterThan(0);
  }
}, 120_000);

test("the table has costs per member, and says whether they stay flat", () => {
  const of = (clusters: number, cpuSeconds: number, reads?: number): Mocked => ({
    clusters,
    ...(reads !== undefined && { reads }),
    resources: 20 * clusters,
    inputBytes: 22_500 * clusters,
    seconds: 2,
    cpuSeconds,
    peakMiB: 4 * clusters,
  });
  const text = mockedReport([of(10, 1, 8), of(500, 100, 8), of(10, 1)]);
  expect(text).toContain(
    "│      10 │          8 │ 2.0 s │       100 ms │         4.0 MiB │       200 │         22.5 kB │",
  );
  expect(text).toContain("│      10 │        all │");
  expect(text).toContain("CPU a member, 500 / 10, each reading 8: 2.00 (at most 1.25: missed)");
  expect(text).toContain("memory a member, 500 / 10, each reading 8: 1.00 (at most 1.25: reached)");
});

test("one size of mesh tells nothing of what grows", () => {
  expect(mockedReport([{ ...base, clusters: 10, reads: 8 }])).not.toContain("at most");
});

const base = { resources: 1, inputBytes: 1, seconds: 1, cpuSeconds: 1, peakMiB: 1 };
