import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { ApiClient } from "../../clusters/api-client";
import { addressPlan, EGRESS, layout, NODE, type PartArgs, partCommand } from "./commands";
import { ensureDaemon, stop } from "./daemon";
import { answers, connect, type KubeconfigEntry, orNotYet, writeKubeconfig } from "./kubeconfig";
import { ensurePki } from "./pki";
import { type Delays, kwokConfig } from "./stages";
import type { ClusterState, Part } from "./state";

/** Long, because a machine that starts many control planes at once is slow, and because whoever ends is noticed at once. */
const START_MS = 180_000;

export interface ClusterStart extends PartArgs {
  readonly programs: Readonly<Record<Part, string>>;
  readonly delays: Delays;
  /** Called whenever `cluster` has changed. */
  readonly save: () => void;
}

/** The way of whoever may do everything: of the parts too. */
export function entryOf(dir: string, name: string, { port }: ClusterState): KubeconfigEntry {
  return { name, server: `https://127.0.0.1:${port}`, pki: layout.pki(dir, name), user: "admin" };
}

/**
 * Brings one control plane up, starting what does not run as it should.
 * @returns the parts that it had to start
 */
export async function startCluster(args: ClusterStart): Promise<Part[]> {
  const { dir, name, cluster, programs, delays, save } = args;
  const pki = layout.pki(dir, name);
  const plan = addressPlan(cluster.number);
  mkdirSync(layout.cluster(dir, name), { recursive: true, mode: 0o700 });
  await ensurePki(pki, `${name} CA`, {
    apiserver: { subject: "CN=kube-apiserver", serves: true },
    admin: { subject: "CN=kubernetes-admin,O=system:masters" },
    "service-accounts": { subject: "CN=service-accounts" },
  });
  const entry = entryOf(dir, name, cluster);
  writeKubeconfig(layout.kubeconfig(dir, name), [entry]);
  writeFileSync(layout.stages(dir, name), kwokConfig(plan, delays), { mode: 0o600 });
  writeFileSync(layout.egress(dir, name), EGRESS, { mode: 0o600 });

  const started: Part[] = [];
  const ensure = (part: Part, isReady: () => boolean | Promise<boolean>) =>
    ensureDaemon({
      what: `${name}: ${part}`,
      command: partCommand(part, programs[part], args),
      cwd: layout.cluster(dir, name),
      running: cluster.daemons[part],
      onStart: (daemon) => {
        cluster.daemons[part] = daemon;
        save();
        started.push(part);
      },
      isReady,
      timeoutMs: START_MS,
    });

  // For the API server, and for the others after it.
  const client = await connect(entry, 2 * START_MS);
  try {
    await ensure("kube-apiserver", () => answers(client, "/readyz"));
    const istiodsLog = partCommand("istiods", programs.istiods, args).log;
    await Promise.all([
      ensure("kube-controller-manager", () => orNotYet(isBootstrapped(client))),
      ensure("kwok", () => orNotYet(hasReadyNode(client))),
      ensure("kube-scheduler", () => true),
      ensure("istiods", () => readFileSync(istiodsLog, "utf8").includes("listening on ")),
    ]);
    return started;
  } finally {
    client.close();
  }
}

/** Ends all parts of a cluster. */
export async function stopCluster({ daemons }: ClusterState): Promise<void> {
  await Promise.all(Object.values(daemons).map((daemon) => stop(daemon)));
}

/** Whether the controllers have given the namespaces what every pod needs. */
async function isBootstrapped(client: ApiClient): Promise<boolean> {
  const wanted = ["default", "kube-system"].flatMap((namespace) =>
    ["serviceaccounts/default", "configmaps/kube-root-ca.crt"].map(
      (object) => `/api/v1/namespaces/${namespace}/${object}`,
    ),
  );
  return (await Promise.all(wanted.map((path) => client.get(path)))).every((found) => found !== undefined);
}

interface Node {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Ready, and with the taint gone that keeps pods off until somebody has seen that it is. Where there is no node it creates one. */
async function hasReadyNode(client: ApiClient): Promise<boolean> {
  const node = await client.get<Node>(`/api/v1/nodes/${NODE}`);
  if (node === undefined) {
    const labels = {
      "kubernetes.io/hostname": NODE,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
    };
    await client.post("/api/v1/nodes", {
      metadata: { name: NODE, labels, annotations: { "kwok.x-k8s.io/node": "fake" } },
    });
    return false;
  }
  const { spec, status } = node;
  return (
    (spec.taints ?? []).length === 0 &&
    (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}
