import { join } from "node:path";
import type { Command } from "./daemon";
import type { Ranges } from "./stages";
import type { ClusterState, LabState, Part } from "./state";

/** The addresses of a cluster; the clusters of a lab have none in common. */
export interface AddressPlan extends Ranges {
  /** CIDR. */
  readonly services: string;
}

/** How many clusters the address plan has room for. */
export const MAX_CLUSTERS = 40;

export function addressPlan(number: number): AddressPlan {
  return {
    balancers: `10.${40 + number}`,
    pods: `10.${80 + number}`,
    services: `10.${120 + number}.0.0/16`,
  };
}

/** Where the files of a lab are. */
export const layout = {
  etcd: (dir: string) => join(dir, "etcd"),
  etcdPki: (dir: string) => join(dir, "etcd", "pki"),
  clusters: (dir: string) => join(dir, "clusters"),
  cluster: (dir: string, name: string) => join(dir, "clusters", name),
  pki: (dir: string, name: string) => join(dir, "clusters", name, "pki"),
  kubeconfig: (dir: string, name: string) => join(dir, "clusters", name, "kubeconfig"),
  stages: (dir: string, name: string) => join(dir, "clusters", name, "stages.yaml"),
  egress: (dir: string, name: string) => join(dir, "clusters", name, "egress.yaml"),
  istiods: (dir: string) => join(dir, "istiods"),
  merged: (dir: string) => join(dir, "kubeconfig"),
} as const;

/** Everything that a cluster keeps in the shared etcd is below this key. */
export function etcdPrefix(cluster: string): string {
  return `/${cluster}`;
}

export function etcdCommand(program: string, dir: string, { port, peerPort }: LabState["etcd"]): Command {
  const pki = layout.etcdPki(dir);
  const client = `https://127.0.0.1:${port}`;
  const peer = `https://127.0.0.1:${peerPort}`;
  const tls = (prefix: string) => [
    `--${prefix}cert-file=${join(pki, "etcd.crt")}`,
    `--${prefix}key-file=${join(pki, "etcd.key")}`,
    `--${prefix}trusted-ca-file=${join(pki, "ca.crt")}`,
    `--${prefix}client-cert-auth`,
  ];
  return {
    program,
    args: [
      "--name=lab",
      `--data-dir=${join(layout.etcd(dir), "data")}`,
      `--listen-client-urls=${client}`,
      `--advertise-client-urls=${client}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=lab=${peer}`,
      ...tls(""),
      ...tls("peer-"),
      // A lab that loses its last second when the machine crashes is made again.
      "--unsafe-no-fsync",
      "--quota-backend-bytes=8589934592",
      "--log-level=warn",
    ],
    reads: [],
    log: join(layout.etcd(dir), "etcd.log"),
  };
}

/** The node that KWOK plays. It has no kubelet, so nobody else would register it. */
export const NODE = "node1";

/** How the istiods of a cluster run. */
export interface Istiods {
  /** Folder of programs, each named by its image's tag, and `default`. */
  readonly folder: string;
  /** How long what a pod mounts stays as it was after a change, in seconds: up to two minutes with a real kubelet. */
  readonly mountDelay: number;
}

/**
 * Where the API server goes for what is in the cluster's network, and for webhooks that have a URL (`controlplane`); the socket is in
 * its working directory, that of `istiods`.
 */
export const EGRESS = `apiVersion: apiserver.k8s.io/v1beta1
kind: EgressSelectorConfiguration
egressSelections:
- {name: cluster, connection: &sock {proxyProtocol: HTTPConnect, transport: {uds: {udsName: egress.sock}}}}
- {name: controlplane, connection: *sock}
`;

/** Controllers that have nothing to do where no kubelet, cloud, volume or metric is. */
const IDLE_CONTROLLERS = [
  "bootstrap-signer-controller",
  "certificatesigningrequest-approving-controller",
  "certificatesigningrequest-cleaner-controller",
  "certificatesigningrequest-signing-controller",
  "ephemeral-volume-controller",
  "horizontal-pod-autoscaler-controller",
  "persistentvolume-attach-detach-controller",
  "persistentvolume-binder-controller",
  "persistentvolume-expander-controller",
  "persistentvolume-protection-controller",
  "persistentvolumeclaim-protection-controller",
  "token-cleaner-controller",
  "ttl-controller",
];

/** What a part of a cluster is started with, beside its program. */
export interface PartArgs {
  readonly dir: string;
  readonly name: string;
  readonly cluster: ClusterState;
  readonly etcd: LabState["etcd"];
  readonly istiods: Istiods;
}

export function partCommand(part: Part, program: string, args: PartArgs): Command {
  const { dir, name, cluster, etcd, istiods } = args;
  const folder = layout.cluster(dir, name);
  const pki = layout.pki(dir, name);
  const kubeconfig = layout.kubeconfig(dir, name);
  const [stages, egress] = [layout.stages(dir, name), layout.egress(dir, name)];
  const controller = [
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--secure-port=0",
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    "--profiling=false",
  ];
  const commands: Record<Part, Pick<Command, "args" | "env" | "reads">> = {
    "kube-apiserver": {
      args: [
        `--etcd-servers=https://127.0.0.1:${etcd.port}`,
        `--etcd-prefix=${etcdPrefix(name)}`,
        `--etcd-cafile=${join(layout.etcdPki(dir), "ca.crt")}`,
        `--etcd-certfile=${join(layout.etcdPki(dir), "apiserver.crt")}`,
        `--etcd-keyfile=${join(layout.etcdPki(dir), "apiserver.key")}`,
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        // A Service may not lead to a loopback address.
        "--endpoint-reconciler-type=none",
        `--secure-port=${cluster.port}`,
        `--tls-cert-file=${join(pki, "apiserver.crt")}`,
        `--tls-private-key-file=${join(pki, "apiserver.key")}`,
        `--client-ca-file=${join(pki, "ca.crt")}`,
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        `--service-account-key-file=${join(pki, "service-accounts.crt")}`,
        `--service-account-signing-key-file=${join(pki, "service-accounts.key")}`,
        `--service-cluster-ip-range=${addressPlan(cluster.number).services}`,
        "--authorization-mode=RBAC",
        "--allow-privileged=true",
        `--egress-selector-config-file=${egress}`,
        // Else it asks for a Service's own address, which only a kube-proxy would lead on.
        "--enable-aggregator-routing=true",
        // What an idle server does for other servers, for metrics that nobody reads, and for tenants: a third of its idle CPU.
        "--profiling=false",
        "--feature-gates=APIServerIdentity=false,UnknownVersionInteroperabilityProxy=false",
        "--etcd-db-metric-poll-interval=0",
        "--etcd-count-metric-poll-period=0",
        "--enable-priority-and-fairness=false",
      ],
      reads: [egress],
    },
    "kube-controller-manager": {
      args: [
        ...controller,
        `--controllers=*,${IDLE_CONTROLLERS.map((idle) => `-${idle}`).join(",")}`,
        `--root-ca-file=${join(pki, "ca.crt")}`,
        `--service-account-private-key-file=${join(pki, "service-accounts.key")}`,
        // KWOK's nodes give a sign of life every 55 s or so; after the default of 50 s their pods are marked unready, for good.
        "--node-monitor-grace-period=1h",
      ],
      reads: [kubeconfig],
    },
    "kube-scheduler": { args: controller, reads: [kubeconfig] },
    kwok: {
      args: [
        `--kubeconfig=${kubeconfig}`,
        `--config=${stages}`,
        "--manage-all-nodes=true",
        "--node-ip=127.0.0.1",
      ],
      // Else it reads the user's own configuration as well.
      env: { KWOK_WORKDIR: folder },
      reads: [kubeconfig, stages],
    },
    istiods: {
      args: [
        `--kubeconfig=${kubeconfig}`,
        `--istiods=${istiods.folder}`,
        `--node=${NODE}`,
        `--mount-delay=${istiods.mountDelay}s`,
      ],
      reads: [kubeconfig],
    },
  };
  return { program, log: join(folder, `${part}.log`), ...commands[part] };
}
