/** What `npm run bench` is asked to measure. */
import * as path from "node:path";
import { parseArgs } from "node:util";
import { projectRoot } from "../lab/engine/stack";
import { MAX_CLUSTERS } from "../lab/control-plane/commands";

export const settings = ["instant", "delayed"] as const;
/** `instant`: pods are ready at once. `delayed`: pods and load balancers take the time that they take in real clusters. */
export type Setting = (typeof settings)[number];

export interface Options {
  /** The program alone, against Pulumi's mocks: nothing of a lab runs, and there are no settings and one run. */
  mocks: boolean;
  /** Numbers of clusters, ascending. */
  clusters: number[];
  settings: Setting[];
  /** How often everything is measured; tables and ratios take the median. */
  runs: number;
  /** The JSON file. */
  out: string;
}

export const usage = `npm run bench [-- options]

  --clusters 1,2,4,8           numbers of clusters to converge; with --mocks 10,100,300,500
  --mocks                      the program alone, against Pulumi's mocks: time, memory and inputs for each member
  --settings instant,delayed   pods ready at once; pods and load balancers ready after the delays of real clusters
  --runs 1                     how often to measure; the table shows medians
  --out FILE                   where the JSON goes (default: bench/results/<time>.json)
`;

/** More is more than the memory that Node.js takes by default holds. */
const MAX_MOCKED = 1000;

/** @throws Error that says what is wrong with which option */
export function readOptions(args: string[], now = new Date()): Options | "help" {
  const { values } = parseArgs({
    args,
    options: {
      mocks: { type: "boolean", default: false },
      clusters: { type: "string" },
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
  const { mocks, clusters = mocks ? "10,100,300,500" : "1,2,4,8" } = values;
  const most = mocks ? MAX_MOCKED : MAX_CLUSTERS - 1;
  const numbers = clusters.split(",").map((text) => wholeNumber("--clusters", text, most));
  return {
    mocks,
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
