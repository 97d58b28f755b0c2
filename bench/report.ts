/** Tables for people. Pure. */
import Table from "cli-table3";
import { medianOf, operations, ratios, type Sample } from "./results";
import { settings, type Setting } from "./bench-options";

const titles: Record<Setting, string> = {
  instant: "Pods are ready at once",
  delayed: "istiod ready after 15 s, a gateway after 10 s, a load balancer's address after 20 s",
};

export function report(samples: Sample[]): string {
  const measured = settings.filter((setting) => samples.some((sample) => sample.setting === setting));
  return [
    ...measured.flatMap((setting) => [titles[setting], timesTable(samples, setting)]),
    ratioTable(samples),
  ].join("\n");
}

function timesTable(samples: Sample[], setting: Setting): string {
  const table = new Table({
    head: ["clusters", "", "time", "CPU", "peak memory", "control planes' CPU"],
    colAligns: ["right", "left", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  const numbers = [...new Set(samples.map(({ clusters }) => clusters))].sort((a, b) => a - b);
  for (const clusters of numbers) {
    for (const operation of operations) {
      const row = medianOf(samples, { setting, clusters, operation });
      if (row === undefined) continue;
      const { seconds, cpuSeconds, peakMiB, controlPlaneCpuSeconds } = row;
      table.push([
        clusters,
        operation,
        inSeconds(seconds),
        inSeconds(cpuSeconds),
        `${peakMiB.toFixed(0)} MiB`,
        inSeconds(controlPlaneCpuSeconds),
      ]);
    }
  }
  return table.toString();
}

function ratioTable(samples: Sample[]): string {
  const table = new Table({
    head: ["setting", "ratio of times", "", "at most", ""],
    colAligns: ["left", "left", "right", "right", "left"],
    style: { head: [], border: [], compact: true },
  });
  for (const { setting, what, value, target } of ratios(samples)) {
    table.push([setting, what, value.toFixed(2), target.toFixed(2), value <= target ? "reached" : "missed"]);
  }
  return table.toString();
}

const inSeconds = (seconds: number) => `${seconds.toFixed(1)} s`;
