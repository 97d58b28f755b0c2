import { readFileSync } from "node:fs";
import { join } from "node:path";
import { replaceFile } from "../files";
import { type Daemon } from "./daemon";

/** The programs of which every cluster has its own. */
export const parts = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kwok",
  "istiods",
] as const;
export type Part = (typeof parts)[number];

export interface ClusterState {
  /** Sets the cluster's address ranges apart from those of the others in the lab. */
  readonly number: number;
  port: number;
  readonly daemons: Partial<Record<Part | "cert-manager-controller", Daemon>>;
}

/** What a lab has to remember to find its processes again. */
export interface LabState {
  readonly etcd: { port: number; peerPort: number; daemon?: Daemon };
  readonly clusters: Record<string, ClusterState>;
}

export function readState(dir: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, STATE_FILE), "utf8")) as LabState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

export function writeState(dir: string, state: LabState): void {
  replaceFile(join(dir, STATE_FILE), `${JSON.stringify(state, null, 2)}\n`);
}

export const STATE_FILE = "state.json";

/** The lowest number that no cluster has. */
export function freeNumber(clusters: LabState["clusters"]): number {
  const taken = new Set(Object.values(clusters).map(({ number }) => number));
  let number = 0;
  while (taken.has(number)) number++;
  return number;
}
