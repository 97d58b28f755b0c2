/** `npm run bench -- --mocks`: what the program itself costs, for more members than any machine has control planes for. */
import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import Table from "cli-table3";

/** What one run of the program took, from stack config to the last resource. */
export interface MockedCost {
  resources: number;
  /** Of all resources, as JSON. The state holds them up to three times. */
  inputBytes: number;
  seconds: number;
  cpuSeconds: number;
  /** How much the highest resident set of the process grew, in MiB. */
  peakMiB: number;
}

export interface Mocked extends MockedCost {
  clusters: number;
  /** How many each member reads; undefined: all others. */
  reads?: number;
}

/** How many members each reads where that is bounded. */
export const BOUNDED_READS = 8;

/** The most that a member of the largest mesh may cost, of what one of the smallest costs, where reads are bounded. */
const FLAT = 1.25;

/**
 * @param reads undefined: everybody
 * @throws Error of Node, with what the program wrote, where that failed
 */
export async function runMocked(clusters: number, reads?: number): Promise<Mocked> {
  const program = path.join(__dirname, "mocked-program.ts");
  const args = [
    "--import",
    "tsx",
    program,
    String(clusters),
    ...(reads === undefined ? [] : [String(reads)]),
  ];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return { clusters, ...(reads !== undefined && { reads }), ...(JSON.parse(stdout) as MockedCost) };
}

/** Each number as a cost per member, and whether it stays flat. Pure. */
export function mockedReport(samples: Mocked[]): string {
  const table = new Table({
    head: [
      "members",
      "each reads",
      "time",
      "CPU a member",
      "memory a member",
      "resources",
      "inputs a member",
    ],
    colAligns: ["right", "right", "right", "right", "right", "right", "right"],
    style: { head: [], border: [], compact: true },
  });
  for (const { clusters, reads, resources, inputBytes, seconds, cpuSeconds, peakMiB } of samples) {
    table.push([
      clusters,
      reads ?? "all",
      `${seconds.toFixed(1)} s`,
      `${((cpuSeconds / clusters) * 1000).toFixed(0)} ms`,
      `${(peakMiB / clusters).toFixed(1)} MiB`,
      resources,
      `${(inputBytes / clusters / 1000).toFixed(1)} kB`,
    ]);
  }
  return [table.toString(), ...flatness(samples)].join("\n");
}

function flatness(samples: Mocked[]): string[] {
  const bounded = samples.filter(({ reads }) => reads !== undefined);
  const [first, last] = [bounded[0], bounded.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  const perMember = (cost: "cpuSeconds" | "peakMiB") =>
    last[cost] / last.clusters / (first[cost] / first.clusters);
  return (["cpuSeconds", "peakMiB"] as const).map((cost) => {
    const ratio = perMember(cost);
    const what = cost === "cpuSeconds" ? "CPU" : "memory";
    return `${what} a member, ${last.clusters} / ${first.clusters}, each reading ${last.reads}: ${ratio.toFixed(2)} (at most ${FLAT}: ${ratio <= FLAT ? "reached" : "missed"})`;
  });
}
