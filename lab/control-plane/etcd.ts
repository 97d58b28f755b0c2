import { mkdirSync } from "node:fs";
import { etcdCommand, etcdPrefix, layout } from "./commands";
import { ensureDaemon } from "./daemon";
import { answers, connect } from "./kubeconfig";
import { ensurePki } from "./pki";
import type { LabState } from "./state";

const START_MS = 60_000;

/** A client of etcd's JSON form. */
function connectEtcd(dir: string, { port }: LabState["etcd"]) {
  const server = `https://127.0.0.1:${port}`;
  return connect({ name: "etcd", server, pki: layout.etcdPki(dir), user: "apiserver" }, START_MS);
}

/** Brings the etcd up that all clusters of a lab share. */
export async function startEtcd(
  dir: string,
  program: string,
  etcd: LabState["etcd"],
  save: () => void,
): Promise<void> {
  mkdirSync(layout.etcd(dir), { recursive: true, mode: 0o700 });
  await ensurePki(layout.etcdPki(dir), "etcd CA", {
    etcd: { subject: "CN=etcd", serves: true },
    apiserver: { subject: "CN=kube-apiserver" },
  });
  const client = await connectEtcd(dir, etcd);
  try {
    await ensureDaemon({
      what: "etcd",
      command: etcdCommand(program, dir, etcd),
      cwd: layout.etcd(dir),
      running: etcd.daemon,
      onStart: (daemon) => {
        etcd.daemon = daemon;
        save();
      },
      isReady: () => answers(client, "/health"),
      timeoutMs: START_MS,
    });
  } finally {
    client.close();
  }
}

/** Removes everything that a cluster has kept in etcd. */
export async function forget(dir: string, etcd: LabState["etcd"], cluster: string): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const client = await connectEtcd(dir, etcd);
  try {
    await client.post("/v3/kv/deleterange", {
      key: base64(`${etcdPrefix(cluster)}/`),
      range_end: base64(`${etcdPrefix(cluster)}0`), // "0" is the character after "/"
    });
  } finally {
    client.close();
  }
}
