import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Client, connect } from "./client";
import { addressPlan, EGRESS, type Istiods, layout, NODE, partCommand } from "./commands";
import { type Command, isUpToDate, start, stop, waitFor } from "./daemon";
import { ensurePki } from "./pki";
import { writeKubeconfig } from "./kubeconfig";
import { type Delays, kwokConfig } from "./stages";
import type { ClusterState, LabState, Part } from "./state";

/** Long, because a machine that starts many control planes at once is slow, and because whoever ends is noticed at once. */
const START_MS = 180_000;

export interface ClusterStart {
  readonly dir: string;
  readonly name: string;
  readonly cluster: ClusterState;
  readonly etcd: LabState["etcd"];
  readonly programs: Readonly<Record<Part, string>>;
  readonly istiods: Istiods;
  readonly delays: Delays;
  /** Called whenever `cluster` has changed. */
  readonly save: () => void;
}

/**
 * Brings one control plane up, starting what does not run as it should.
 * @returns the parts that it had to start
 */
export async function startCluster(args: ClusterStart): Promise<Part[]> {
  const { dir, name, cluster, delays } = args;
  const pki = layout.pki(dir, name);
  const plan = addressPlan(cluster.number);
  mkdirSync(layout.cluster(dir, name), { recursive: true, mode: 0o700 });
  await ensurePki(
    pki,
    `${name} CA`,
    {
      apiserver: {
        subject: "CN=kube-apiserver",
        serves: [
          { type: "ip", value: "127.0.0.1" },
          { type: "ip", value: plan.apiService },
          ...["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(
            (value) => ({ type: "dns", value }) as const,
          ),
          { type: "dns", value: "kubernetes.default.svc.cluster.local" },
        ],
      },
      admin: { subject: "CN=kubernetes-admin,O=system:masters" },
      parts: { subject: "CN=lab,O=system:masters" },
    },
    ["service-accounts"],
  );
  const server = `https://127.0.0.1:${cluster.port}`;
  writeKubeconfig(layout.kubeconfig(dir, name), [{ name, server, pki, user: "admin" }]);
  writeKubeconfig(layout.partKubeconfig(dir, name), [{ name, server, pki, user: "parts" }]);
  writeFileSync(layout.stages(dir, name), kwokConfig(plan, delays), { mode: 0o600 });
  writeFileSync(layout.egress(dir, name), EGRESS, { mode: 0o600 });

  const client = connect(cluster.port, pki, "parts");
  try {
    const started: Part[] = [];
    const apiServer = await ensurePart(args, "kube-apiserver", started);
    await waitFor(`${name}: kube-apiserver`, apiServer.daemon, apiServer.command, START_MS, () =>
      isReady(client),
    );
    const controllers = await ensurePart(args, "kube-controller-manager", started);
    const kwok = await ensurePart(args, "kwok", started);
    await ensurePart(args, "kube-scheduler", started);
    const istiods = await ensurePart(args, "istiods", started);
    await Promise.all([
      waitFor(`${name}: kube-controller-manager`, controllers.daemon, controllers.command, START_MS, () =>
        isBootstrapped(client),
      ),
      waitFor(`${name}: kwok`, kwok.daemon, kwok.command, START_MS, () => hasReadyNode(client)),
      waitFor(`${name}: istiods`, istiods.daemon, istiods.command, START_MS, () =>
        Promise.resolve(readFileSync(istiods.command.log, "utf8").includes("listening on ")),
      ),
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

async function ensurePart(
  { dir, name, cluster, etcd, programs, istiods, save }: ClusterStart,
  part: Part,
  started: Part[],
) {
  const command: Command = partCommand(part, programs[part], dir, name, cluster, etcd, istiods);
  const running = cluster.daemons[part];
  if (isUpToDate(running, command)) return { daemon: running, command };
  await stop(running);
  const daemon = start(command, layout.cluster(dir, name));
  cluster.daemons[part] = daemon;
  save();
  started.push(part);
  return { daemon, command };
}

async function isReady(client: Client): Promise<boolean> {
  return (await client.send("GET", "/readyz"))?.status === 200;
}

async function createNode(client: Client): Promise<void> {
  await client.send("POST", "/api/v1/nodes", {
    metadata: {
      name: NODE,
      labels: { "kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" },
      annotations: { "kwok.x-k8s.io/node": "fake" },
    },
  });
}

/** Whether the controllers have given the namespaces what every pod needs. */
async function isBootstrapped(client: Client): Promise<boolean> {
  for (const namespace of ["default", "kube-system"]) {
    for (const object of ["serviceaccounts/default", "configmaps/kube-root-ca.crt"]) {
      const response = await client.send("GET", `/api/v1/namespaces/${namespace}/${object}`);
      if (response?.status !== 200) return false;
    }
  }
  return true;
}

interface Node {
  readonly spec: { readonly taints?: readonly unknown[] };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

/** Ready, and with the taint gone that keeps pods off until somebody has seen that it is. Where there is no node it creates one. */
async function hasReadyNode(client: Client): Promise<boolean> {
  const response = await client.send<Node>("GET", `/api/v1/nodes/${NODE}`);
  if (response?.status === 404) await createNode(client);
  if (response?.status !== 200) return false;
  const { spec, status } = response.body;
  return (
    (spec.taints ?? []).length === 0 &&
    (status.conditions ?? []).some((condition) => condition.type === "Ready" && condition.status === "True")
  );
}
