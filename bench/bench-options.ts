/** What `npm run bench` is asked to measure. */
import * as path from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../lab/engine/stack";
import { MAX_CLUSTERS } from "../lab/control-plane/commands";

export const settings = ["instant", "delayed"] as const;
/** `instant`: pods are ready at once. `delayed`: pods and load balancers take the time that they take in real clusters. */
export type Setting = (typeof settings)[number];

export interface Options {
  /** Numbers of clusters, ascending. */
  clusters: number[];
  settings: Setting[];
  /** How often everything is measured; tables and ratios take the median. */
  runs: number;
  /** The JSON file. */
  out: string;
}

export const usage = `npm run bench [-- options]

  --clusters 1,2,4,8           numbers of clusters to converge
  --settings instant,delayed   pods ready at once; pods and load balancers ready after the delays of real clusters
  --runs 1                     how often to measure; the table shows medians
  --out FILE                   where the JSON goes (default: bench/results/<time>.json)
`;

/** @throws Error that says what is wrong with which option */
export function readOptions(args: string[], now = new Date()): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      clusters: { type: "string", default: "1,2,4,8" },
      settings: { type: "string", default: settings.join(",") },
      runs: { type: "string", default: "1" },
      out: { type: "string" },
      help: { type: "boolean" },
    },
  });
  if (values.help) return "help";
  const unknown = values.settings.split(",").find((name) => !settings.some((setting) => setting === name));
  if (unknown !== undefined) {
    throw new Error(`--settings ${values.settings}: '${unknown}' is none of ${settings.join(", ")}`);
  }
  const numbers = values.clusters.split(",").map((text) => wholeNumber("--clusters", text, MAX_CLUSTERS - 1));
  return {
    clusters: [...new Set(numbers)].sort((a, b) => a - b),
    settings: settings.filter((setting) => values.settings.split(",").includes(setting)),
    runs: wholeNumber("--runs", values.runs, 100),
    out: path.resolve(
      values.out ?? path.join(projectRoot, "bench/results", `${now.toISOString().replaceAll(":", "-")}.json`),
    ),
  };
}

function wholeNumber(option: string, text: string, most: number): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > most) {
    throw new Error(`${option} ${text}: a whole number from 1 to ${most}`);
  }
  return number;
}
