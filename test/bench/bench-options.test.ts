import * as path from "node:path";
import { readOptions } from "../../bench/bench-options";
import { projectRoot } from "../../lab/engine/stack";

const now = new Date("2026-01-02T03:04:05.678Z");

test("without options everything is measured once, for 1, 2, 4 and 8 clusters", () => {
  expect(readOptions([], now)).toEqual({
    mocks: false,
    clusters: [1, 2, 4, 8],
    settings: ["instant", "delayed"],
    runs: 1,
    out: path.join(projectRoot, "bench/results/2026-01-02T03-04-05.678Z.json"),
  });
});

test("the numbers of clusters are taken once each, in ascending order", () => {
  expect(readOptions(["--clusters", "4,1,4"], now)).toMatchObject({ clusters: [1, 4] });
});

test("one setting may be asked for, a number of runs, and a file", () => {
  expect(
    readOptions(["--settings", "delayed", "--runs", "3", "--out", "/tmp/results.json"], now),
  ).toMatchObject({ settings: ["delayed"], runs: 3, out: "/tmp/results.json" });
});

test("against mocks there may be more clusters", () => {
  expect(readOptions(["--mocks"], now)).toMatchObject({ mocks: true, clusters: [10, 100, 300, 500] });
  expect(readOptions(["--mocks", "--clusters", "1000"], now)).toMatchObject({ clusters: [1000] });
  expect(() => readOptions(["--mocks", "--clusters", "1001"], now)).toThrow("a whole number from 1 to 1000");
});

test("help is asked for", () => {
  expect(readOptions(["--help"], now)).toBe("help");
});

test.each([
  [["--clusters", "0"], "--clusters 0: a whole number from 1 to 39"],
  [["--clusters", "1,,2"], "--clusters : a whole number from 1 to 39"],
  [["--clusters", "40"], "--clusters 40: a whole number from 1 to 39"],
  [["--clusters", "1e1"], "--clusters 1e1: a whole number from 1 to 39"],
  [["--runs", "some"], "--runs some: a whole number from 1 to 100"],
  [["--settings", "instant,slow"], "--settings instant,slow: 'slow' is none of instant, delayed"],
])("%j is refused with what would be right", (args, message) => {
  expect(() => readOptions(args, now)).toThrow(message);
});

test("an unknown option is refused", () => {
  expect(() => readOptions(["--cluster", "1"], now)).toThrow("--cluster");
});
