import { parsePss, parseStat, parseTimes, treeOf } from "../../bench/process-tree";

/** proc(5): 52 fields, of which 4 is the parent, 14 and 15 the CPU time, 16 and 17 that of the children, 22 the start. */
const stat = (pid: number, name: string, parent: number) =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194560 100 200 0 0 150 25 9000 9000 20 0 8 0 4711 1000000 2000\n`;

test("a stat gives the parent, the process's own CPU time and its start", () => {
  expect(parseStat(stat(42, "pulumi", 7))).toEqual({ pid: 42, parent: 7, ticks: 175, started: 4711 });
});

test("a command name with spaces and parentheses moves no field", () => {
  expect(parseStat(stat(42, "a) S 1 (b", 7))).toEqual({ pid: 42, parent: 7, ticks: 175, started: 4711 });
});

test("the proportional set size is read, not one of its parts", () => {
  expect(parsePss("Rss:  900 kB\nPss:    512 kB\nPss_Anon:  100 kB\nSwapPss:  3 kB\n")).toBe(512);
});

test("a process without memory, such as one that has ended, counts nothing", () => {
  expect(parsePss("")).toBe(0);
});

test("the children's line of `times` is read", () => {
  expect(parseTimes("0m0.001s 0m0.002s\n1m2.500s 0m3.250s\n")).toEqual({ user: 62.5, system: 3.25 });
});

test("what is not the output of `times` is refused", () => {
  expect(() => parseTimes("0m0.001s 0m0.002s\n")).toThrow("not the output of 'times'");
});

test("the tree holds children and theirs, and nobody else", () => {
  const processes = [
    [1, 0],
    [10, 1],
    [11, 10],
    [12, 11],
    [13, 10],
    [20, 1],
  ].map(([pid, parent]) => parseStat(stat(pid!, "x", parent!)));
  expect(treeOf(10, processes)).toEqual([10, 11, 13, 12]);
});
