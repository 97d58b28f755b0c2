import { existsSync, mkdirSync, rmSync, rmdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { LabError } from "../error";
import { isRunning } from "../processes";
import { ensureToolchain } from "../toolchain";
import { stopwatch } from "../toolchain/progress";
import { entryOf, startCluster, stopCluster } from "./cluster";
import { layout, MAX_CLUSTERS } from "./commands";
import { forget, startEtcd } from "./etcd";
import { stop } from "./daemon";
import { answers, connect, writeKubeconfig } from "./kubeconfig";
import { PortClaims } from "./ports";
import type { Delays } from "./stages";
import { freeNumber, type LabState, type Part, parts, readState, STATE_FILE, writeState } from "./state";

/** How long an API server may take to say that it is ready, in milliseconds. */
const STATUS_MS = 5_000;

/** A control plane of a lab. */
export interface LabCluster {
  readonly name: string;
  /** Its context in its own kubeconfig and in the merged one: its name. */
  readonly context: string;
  /** Path of its kubeconfig, whose user may do everything. */
  readonly kubeconfig: string;
  /** URL, on the loopback interface. */
  readonly apiServer: string;
  /** Whether all its parts run and its API server is ready. */
  readonly ready: boolean;
}

export interface LabOptions {
  /** The lab's folder. */
  readonly dir: string;
  /** Names of the clusters that shall run; those that run and are not in here are stopped and forgotten. */
  readonly clusters: readonly string[];
  /** Takes one line of progress. */
  readonly report: (line: string) => void;
  /** @default none: everything is ready at once */
  readonly delays?: Delays;
  /** Folder of the istiods that its pods may run: each named by its image's tag, and `default`. @default `istiods` in the lab's folder */
  readonly istiods?: string;
}

/**
 * Brings a lab to exactly these clusters: starts what is missing, restarts what has crashed or is to run in another way, and
 * leaves the rest alone. The processes outlive the caller. One process at a time may change a lab (`withLab`). Also writes `kubeconfig` in the lab's folder, with a context for each.
 * @throws LabError when a program is missing or does not come up
 */
export async function startLab({
  dir: folder,
  clusters: names,
  report,
  delays = { istiod: 0, gateway: 0, address: 0, mount: 0 },
  istiods,
}: LabOptions): Promise<LabCluster[]> {
  const dir = resolve(folder);
  const unique = [...new Set(names)];
  if (unique.length > MAX_CLUSTERS) {
    throw new LabError(`A lab has at most ${MAX_CLUSTERS} clusters, not ${unique.length}.`);
  }
  const programs = await ensureToolchain(["etcd", ...parts], { report });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const took = stopwatch();
  const state: LabState = readState(dir) ?? { etcd: { port: 0, peerPort: 0 }, clusters: {} };
  const save = () => writeState(dir, state);
  const claims = new PortClaims();
  try {
    await choosePorts(state, unique, claims);
    save();
    await startEtcd(dir, programs.etcd, state.etcd, save);
    for (const name of Object.keys(state.clusters).filter((name) => !unique.includes(name))) {
      await dropCluster(dir, state, name);
      save();
      report(`${name}: stopped`);
    }
    const starts = await Promise.allSettled(
      unique.map(async (name) => {
        const started = await startCluster({
          dir,
          name,
          cluster: state.clusters[name]!,
          etcd: state.etcd,
          programs,
          istiods: { folder: istiods ?? layout.istiods(dir), mountDelay: delays.mount },
          delays,
          save,
        });
        report(`${name}: ${started.length === 0 ? "runs" : `ready, ${describe(started)} in ${took()}`}`);
      }),
    );
    const failed = starts.find((outcome) => outcome.status === "rejected");
    if (failed) throw failed.reason;
  } finally {
    claims.release();
  }
  const entries = unique.map((name) => entryOf(dir, name, state.clusters[name]!));
  writeKubeconfig(layout.merged(dir), entries);
  return unique.map((name) => describeCluster(dir, state, name, true));
}

/** The clusters of the lab in this folder, and whether each is ready; empty when there is none. */
export async function labStatus(folder: string): Promise<LabCluster[]> {
  const dir = resolve(folder);
  const state = readState(dir);
  if (state === undefined) return [];
  const names = Object.keys(state.clusters);
  return Promise.all(
    names.map(async (name) => describeCluster(dir, state, name, await isClusterReady(dir, state, name))),
  );
}

/** Ends every process of the lab and removes every file of it; the folder too, when nothing else is in it. */
export async function stopLab(folder: string): Promise<void> {
  const dir = resolve(folder);
  if (!existsSync(dir)) return;
  const state = readState(dir);
  await Promise.all([...Object.values(state?.clusters ?? {}).map(stopCluster), stop(state?.etcd.daemon)]);
  const { clusters, etcd, merged, istiods } = layout;
  for (const path of [clusters(dir), etcd(dir), merged(dir), istiods(dir), join(dir, STATE_FILE)]) {
    rmSync(path, { recursive: true, force: true });
  }
  try {
    rmdirSync(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTEMPTY") throw error;
  }
}

/** Gives every cluster and etcd their ports; another one to whoever does not run and whose port somebody else has by now. */
async function choosePorts(
  { etcd, clusters }: LabState,
  names: readonly string[],
  claims: PortClaims,
): Promise<void> {
  const taken = () => new Set([etcd.port, etcd.peerPort, ...Object.values(clusters).map(({ port }) => port)]);
  const claimOrReplace = async (port: number) =>
    port !== 0 && (await claims.claim(port)) ? port : claims.claimAny(taken());
  if (!isRunning(etcd.daemon)) {
    etcd.port = await claimOrReplace(etcd.port);
    etcd.peerPort = await claimOrReplace(etcd.peerPort);
  }
  for (const name of names) {
    const cluster = clusters[name];
    if (!cluster) {
      clusters[name] = {
        number: freeNumber(clusters),
        port: await claims.claimAny(taken()),
        daemons: {},
      };
      continue;
    }
    if (!isRunning(cluster.daemons["kube-apiserver"])) cluster.port = await claimOrReplace(cluster.port);
  }
}

async function dropCluster(dir: string, state: LabState, name: string): Promise<void> {
  await stopCluster(state.clusters[name]!);
  await forget(dir, state.etcd, name);
  rmSync(layout.cluster(dir, name), { recursive: true, force: true });
  delete state.clusters[name];
}

async function isClusterReady(dir: string, state: LabState, name: string): Promise<boolean> {
  const { daemons } = state.clusters[name]!;
  if (!parts.every((part) => isRunning(daemons[part])) || !existsSync(layout.pki(dir, name))) return false;
  const client = await connect(entryOf(dir, name, state.clusters[name]!), STATUS_MS);
  try {
    return await answers(client, "/readyz");
  } finally {
    client.close();
  }
}

function describeCluster(dir: string, state: LabState, name: string, ready: boolean): LabCluster {
  const { server: apiServer } = entryOf(dir, name, state.clusters[name]!);
  return { name, context: name, kubeconfig: layout.kubeconfig(dir, name), apiServer, ready };
}

function describe(started: readonly Part[]): string {
  return started.length === parts.length ? "control plane started" : `${started.join(", ")} restarted`;
}
