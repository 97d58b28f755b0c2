import { clockProblems, type MemberClock } from "../../mesh/clocks";

const minute = 60_000;
const clock = (index: number, offsetMs: number): MemberClock => ({
  name: `c${index}`,
  path: `weft:clusters[${index}]`,
  server: `https://c${index}.example:6443`,
  offsetMs,
});

test("a few minutes pass by themselves", () => {
  expect(clockProblems([])).toEqual([]);
  expect(clockProblems([clock(0, 5 * minute), clock(1, -5 * minute), clock(2, 0)])).toEqual([]);
});

const look = (server: string) =>
  `\`date -u\` says how late it is here, the header Date in \`curl -skI ${server}\` how late it is there.`;

test("whose clock is off is told, and how far, what comes of it and how to look", () => {
  const remedy = (server: string) =>
    `Set the clocks of its nodes right, or this machine's if that is the one that is wrong: ${look(server)}`;
  expect(clockProblems([clock(0, 0), clock(1, -60 * minute), clock(2, 61.4 * minute)])).toEqual([
    {
      path: "weft:clusters[1]",
      value: "https://c1.example:6443",
      message:
        "The clock of c1 is 60 min behind this machine's. istiod would end there, because the CA that Weft makes would not be valid yet.",
      remedy: remedy("https://c1.example:6443"),
    },
    {
      path: "weft:clusters[2]",
      value: "https://c2.example:6443",
      message:
        "The clock of c2 is 61 min ahead of other members'. They would refuse its workloads, because what its istiod signs would not be valid there yet.",
      remedy: remedy("https://c2.example:6443"),
    },
  ]);
});

test("where all are behind alike it is this machine's", () => {
  expect(clockProblems([clock(0, -62 * minute), clock(1, -60 * minute)])).toEqual([
    {
      path: "weft:clusters",
      message:
        "The clock of this machine is 60 min ahead of those of all members. istiod would end there, because the CA that Weft makes would not be valid yet.",
      remedy: `Set it right: ${look("https://c0.example:6443")}`,
    },
  ]);
});

test.each([
  ["one is right", [-60, -60, 0], [0, 1]],
  ["they are behind by different times", [-60, -70], [0, 1]],
  ["there is only one, and it is behind", [-60], [0]],
  ["one is ahead of the others, which are ahead of this machine", [60, 70, 61], [1]],
  ["there is only one, and it is ahead", [60], []],
  ["all are ahead alike, which does them no harm", [60, 62], []],
])("where %s", (_, offsets, found) => {
  const clocks = offsets.map((offset, index) => clock(index, offset * minute));
  expect(clockProblems(clocks).map(({ path }) => path)).toEqual(
    found.map((index) => `weft:clusters[${index}]`),
  );
});
