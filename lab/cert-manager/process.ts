import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Daemon, ensureDaemon, stop } from "../control-plane/daemon";
import { ensureToolchain } from "../toolchain";

/** How long the API server may take to answer, in milliseconds. Long, because a process that ends is noticed at once. */
const CONNECT_TIMEOUT = 180_000;

export interface StartOptions {
  /** The lab's folder; holds what is known of the process, and its log. */
  readonly dir: string;
  /** Path of the kubeconfig of the cluster to issue on; its user may do everything. */
  readonly kubeconfig: string;
  /** Where ClusterIssuers find their Secrets: cert-manager's namespace. @default cert-manager */
  readonly namespace?: string;
  /** Takes one line of progress. */
  readonly report: (line: string) => void;
}

/**
 * Starts cert-manager's controllers for a cluster of a lab, unless they run in this way already. They outlive the caller, and wait
 * for cert-manager's CRDs if those are not there yet; they end by themselves a minute after the API server. Only self-signed and CA
 * issuers issue.
 * @throws LabError when they cannot be built, or the API server does not answer
 */
export async function startCertManager({
  dir: folder,
  kubeconfig,
  namespace = "cert-manager",
  report,
}: StartOptions): Promise<void> {
  const dir = resolve(folder);
  const log = logFile(dir);
  const programs = await ensureToolchain(["cert-manager-controller"], { report });
  await ensureDaemon({
    what: "cert-manager",
    command: {
      program: programs["cert-manager-controller"],
      args: ["-kubeconfig", resolve(kubeconfig), "-cluster-resource-namespace", namespace],
      reads: [resolve(kubeconfig)],
      log,
    },
    cwd: dir,
    running: read(dir),
    onStart: (daemon) => {
      writeFileSync(stateFile(dir), JSON.stringify(daemon), { mode: 0o600 });
      report(`cert-manager: its controllers start, log in ${log}`);
    },
    isReady: () => readFileSync(log, "utf8").includes("connected to "),
    timeoutMs: CONNECT_TIMEOUT,
  });
}

/** Ends the controllers of a lab, if they run. Certificates stay as they are. */
export async function stopCertManager(dir: string): Promise<void> {
  await stop(read(dir));
  for (const file of [stateFile(dir), logFile(dir)]) rmSync(file, { force: true });
}

function stateFile(dir: string): string {
  return join(dir, "cert-manager.json");
}

function logFile(dir: string): string {
  return join(dir, "cert-manager.log");
}

function read(dir: string): Daemon | undefined {
  return existsSync(stateFile(dir))
    ? (JSON.parse(readFileSync(stateFile(dir), "utf8")) as Daemon)
    : undefined;
}
