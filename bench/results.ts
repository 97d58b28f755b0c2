/** What was measured, and what it says: medians, and the ratios that decide. Pure. */
import type { Measurement } from "./measure";
import type { Setting } from "./bench-options";
import type { Step, Timeline } from "./up";

/**
 * `converge`: a first `up`. `no-op`: the next one. `add one`: the `up` that takes a further cluster in. `remove one`: the one that
 * lets it go. `with gateway`: a first `up` of members that have an ingress gateway each. `script`: script.sh.
 */
export const operations = ["converge", "no-op", "add one", "remove one", "with gateway", "script"] as const;
export type Operation = (typeof operations)[number];

export interface Sample extends Measurement {
  setting: Setting;
  /** Number of clusters before `add one` and after `remove one`; else that of the mesh. */
  clusters: number;
  operation: Operation;
  /** CPU time of the control planes meanwhile, in seconds. */
  controlPlaneCpuSeconds: number;
  /** What the engine did when; none for the script. */
  timeline?: Timeline;
}

/** A ratio of wall times. */
export interface Ratio {
  setting: Setting;
  /** What is divided by what. */
  what: string;
  value: number;
  /** The most that it shall be. */
  target: number;
}

type Key = Pick<Sample, "setting" | "clusters" | "operation">;
const metrics = ["seconds", "cpuSeconds", "peakMiB", "controlPlaneCpuSeconds"] as const;
type Metric = (typeof metrics)[number];

export function median(values: number[]): number {
  const ordered = [...values].sort((a, b) => a - b);
  const middle = ordered.length / 2;
  return ordered.length % 2 === 1
    ? ordered[Math.floor(middle)]!
    : (ordered[middle - 1]! + ordered[middle]!) / 2;
}

/** The median of each number over all runs of one operation; undefined where it was not measured. */
export function medianOf(samples: Sample[], key: Key): Record<Metric, number> | undefined {
  const same = samples.filter(
    ({ setting, clusters, operation }) =>
      setting === key.setting && clusters === key.clusters && operation === key.operation,
  );
  if (same.length === 0) return undefined;
  return Object.fromEntries(
    metrics.map((metric) => [metric, median(same.map((sample) => sample[metric]))]),
  ) as Record<Metric, number>;
}

/** All ratios that these samples allow, for the largest mesh among them. */
export function ratios(samples: Sample[]): Ratio[] {
  const largest = Math.max(...samples.map(({ clusters }) => clusters));
  const times = (setting: Setting, operation: Operation, clusters: number) =>
    medianOf(samples, { setting, operation, clusters })?.seconds;
  const ratio = (
    setting: Setting,
    target: number,
    what: [name: string, operation: Operation],
    to: [name: string, operation: Operation, clusters?: number],
  ): Ratio[] => {
    const a = times(setting, what[1], largest);
    const b = times(setting, to[1], to[2] ?? largest);
    if (a === undefined || b === undefined || to[2] === largest) return [];
    return [{ setting, what: `${what[0]} / ${to[0]}`, value: a / b, target }];
  };

  const converge: [string, Operation] = [`converge ${largest}`, "converge"];
  const add: [string, Operation] = [`add one to ${largest}`, "add one"];
  const noOp: [string, Operation] = [`no-op of ${largest}`, "no-op"];
  const script: [string, Operation] = ["the script", "script"];
  const lone: [string, Operation, number] = ["a lone cluster (no gateway)", "converge", 1];
  const loneWithGateway: [string, Operation, number] = ["a lone cluster with a gateway", "with gateway", 1];
  return [
    ...ratio("instant", 1 / 2, converge, script),
    ...ratio("instant", 1.3, add, loneWithGateway),
    ...ratio("instant", 1.3, add, lone),
    ...ratio("instant", 0.35, noOp, converge),
    ...ratio("delayed", 1 / 5, converge, script),
    ...ratio("delayed", 1.3, converge, loneWithGateway),
    ...ratio("delayed", 1.3, converge, lone),
    ...ratio("delayed", 1.3, add, loneWithGateway),
    ...ratio("delayed", 1.3, add, lone),
  ];
}

/** The steps that took the time: from the last one back, each time to the one that ended last before it began. */
export function criticalPath({ steps }: Timeline): Step[] {
  const path: Step[] = [];
  let rest = steps;
  for (let next = endingLast(rest); next; next = endingLast(rest)) {
    const last = next;
    path.unshift(last);
    rest = rest.filter((step) => step !== last && step.to <= last.from);
  }
  return path;
}

function endingLast(steps: Step[]): Step | undefined {
  return steps.reduce<Step | undefined>(
    (last, step) => (last && last.to >= step.to ? last : step),
    undefined,
  );
}
