/** cert-manager's own controllers as a process of this machine: a lab's pods do nothing, so nothing in its clusters could issue. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { layout } from "../control-plane/commands";
import { ensureDaemon } from "../control-plane/daemon";
import { readState, writeState } from "../control-plane/state";
import { ensureToolchain } from "../toolchain";

const program = "cert-manager-controller";

/** How long the API server may take to answer, in milliseconds. Long, because a process that ends is noticed at once. */
const CONNECT_TIMEOUT = 180_000;

export interface StartOptions {
  /** The lab's folder. */
  readonly dir: string;
  /** Name of the lab's cluster to issue on. */
  readonly cluster: string;
  /** Where ClusterIssuers find their Secrets: cert-manager's namespace. @default cert-manager */
  readonly namespace?: string;
  /** Takes one line of progress. */
  readonly report: (line: string) => void;
}

/**
 * Starts cert-manager's controllers for a cluster of a lab, unless they run in this way already. They outlive the caller, wait for
 * cert-manager's CRDs if those are not there yet, and end with the cluster. Only self-signed and CA issuers issue.
 * @throws LabError when they cannot be built, or the API server does not answer
 */
export async function startCertManager(options: StartOptions): Promise<void> {
  const { cluster: name, namespace = "cert-manager", report } = options;
  const dir = resolve(options.dir);
  const [cwd, kubeconfig] = [layout.cluster(dir, name), layout.kubeconfig(dir, name)];
  const log = join(cwd, "cert-manager.log");
  const programs = await ensureToolchain([program], { report });
  const state = readState(dir)!;
  const { daemons } = state.clusters[name]!;
  await ensureDaemon({
    what: "cert-manager",
    command: {
      program: programs[program],
      args: ["-kubeconfig", kubeconfig, "-cluster-resource-namespace", namespace],
      reads: [kubeconfig],
      log,
    },
    cwd,
    running: daemons[program],
    onStart: (daemon) => {
      daemons[program] = daemon;
      writeState(dir, state);
      report(`cert-manager: its controllers start, log in ${log}`);
    },
    isReady: () => readFileSync(log, "utf8").includes("connected to "),
    timeoutMs: CONNECT_TIMEOUT,
  });
}
