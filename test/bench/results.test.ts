import * as fc from "fast-check";
import type { Setting } from "../../bench/bench-options";
import { report } from "../../bench/report";
import { criticalPath, median, medianOf, type Operation, ratios, type Sample } from "../../bench/results";
import type { Step } from "../../bench/up";

const sample = (setting: Setting, clusters: number, operation: Operation, seconds: number): Sample => ({
  setting,
  clusters,
  operation,
  seconds,
  cpuSeconds: 2 * seconds,
  peakMiB: 100 * seconds,
  controlPlaneCpuSeconds: 3 * seconds,
});

const samples = [
  sample("instant", 1, "converge", 8),
  sample("instant", 1, "with gateway", 10),
  sample("instant", 8, "converge", 20),
  sample("instant", 8, "no-op", 5),
  sample("instant", 8, "add one", 12),
  sample("instant", 8, "script", 50),
  sample("delayed", 1, "converge", 25),
  sample("delayed", 1, "with gateway", 40),
  sample("delayed", 8, "converge", 48),
  sample("delayed", 8, "add one", 44),
  sample("delayed", 8, "script", 320),
];

describe("the median", () => {
  test.each([
    [[3], 3],
    [[9, 1, 5], 5],
    [[10, 1, 2, 4], 3],
  ])("of %j is %d", (values, expected) => {
    expect(median(values)).toBe(expected);
  });

  test("does not depend on the order, and changes no input", () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { minLength: 1 }), (values) => {
        const before = [...values];
        const reversed = median([...values].reverse());
        expect(median(values)).toBe(reversed);
        expect(values).toEqual(before);
      }),
    );
  });

  test("is taken of each number over the runs of one operation", () => {
    const runs = [1, 7, 2].map((seconds) => sample("instant", 2, "no-op", seconds));
    expect(medianOf([...samples, ...runs], { setting: "instant", clusters: 2, operation: "no-op" })).toEqual({
      seconds: 2,
      cpuSeconds: 4,
      peakMiB: 200,
      controlPlaneCpuSeconds: 6,
    });
  });

  test("of what was not measured is undefined", () => {
    expect(medianOf(samples, { setting: "instant", clusters: 4, operation: "no-op" })).toBeUndefined();
  });
});

describe("ratios", () => {
  test("are those of the largest mesh, each with its target", () => {
    expect(ratios(samples)).toEqual([
      { setting: "instant", what: "converge 8 / the script", value: 20 / 50, target: 0.5 },
      {
        setting: "instant",
        what: "add one to 8 / a lone cluster with a gateway",
        value: 12 / 10,
        target: 1.3,
      },
      { setting: "instant", what: "add one to 8 / a lone cluster (no gateway)", value: 12 / 8, target: 1.3 },
      { setting: "instant", what: "no-op of 8 / converge 8", value: 5 / 20, target: 0.35 },
      { setting: "delayed", what: "converge 8 / the script", value: 48 / 320, target: 0.2 },
      { setting: "delayed", what: "converge 8 / a lone cluster with a gateway", value: 48 / 40, target: 1.3 },
      { setting: "delayed", what: "converge 8 / a lone cluster (no gateway)", value: 48 / 25, target: 1.3 },
      {
        setting: "delayed",
        what: "add one to 8 / a lone cluster with a gateway",
        value: 44 / 40,
        target: 1.3,
      },
      { setting: "delayed", what: "add one to 8 / a lone cluster (no gateway)", value: 44 / 25, target: 1.3 },
    ]);
  });

  test("need both of their times", () => {
    expect(ratios(samples.filter(({ operation }) => operation === "converge"))).toEqual([
      { setting: "delayed", what: "converge 8 / a lone cluster (no gateway)", value: 48 / 25, target: 1.3 },
    ]);
  });

  test("of a lone cluster to itself are none", () => {
    expect(ratios([sample("delayed", 1, "converge", 25), sample("delayed", 1, "script", 20)])).toEqual([
      { setting: "delayed", what: "converge 1 / the script", value: 1.25, target: 0.2 },
    ]);
  });
});

describe("the report", () => {
  test("has a row for each operation, with time, CPU, memory and the control planes' CPU", () => {
    const row = report(samples)
      .split("\n")
      .find((line) => line.includes("script") && line.includes("320.0 s"));
    expect(row?.split("│").map((cell) => cell.trim())).toEqual([
      "",
      "8",
      "script",
      "320.0 s",
      "640.0 s",
      "32000 MiB",
      "960.0 s",
      "",
    ]);
  });

  test("says of each ratio whether it is reached", () => {
    const verdicts = report(samples)
      .split("\n")
      .filter((line) => /reached|missed/.test(line))
      .map((line) => line.includes("reached"));
    expect(verdicts).toEqual([true, true, false, true, true, true, false, true, false]);
  });

  test("leaves out the setting that was not measured", () => {
    const text = report(samples.filter(({ setting }) => setting === "instant"));
    expect(text).toContain("Pods are ready at once");
    expect(text).not.toContain("istiod ready after 15 s");
  });
});

describe("the critical path", () => {
  const step = (name: string, from: number, to: number): Step => ({
    op: "create",
    type: "kubernetes:core/v1:Secret",
    name,
    from,
    to,
  });
  const path = (...steps: Step[]) =>
    criticalPath({ loaded: 0, opened: 0, engine: 0, converged: 0, ended: 0, steps }).map(({ name }) => name);

  test("goes back from the last step to the one that ended last before it began", () => {
    expect(
      path(
        step("namespace", 0, 1),
        step("key", 0, 2),
        step("base", 1, 3),
        step("istiod", 3, 9),
        step("secret", 2, 4),
      ),
    ).toEqual(["namespace", "base", "istiod"]);
  });

  test("ends where steps take no time", () => {
    expect(path(step("a", 5, 5), step("b", 5, 5)).sort()).toEqual(["a", "b"]);
  });

  test("of nothing is empty", () => {
    expect(path()).toEqual([]);
  });
});
