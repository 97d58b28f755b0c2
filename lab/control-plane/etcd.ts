import { mkdirSync } from "node:fs";
import { connect } from "./client";
import { etcdCommand, etcdPrefix, layout } from "./commands";
import { isUpToDate, start, stop, waitFor } from "./daemon";
import { LabError } from "../error";
import { ensurePki } from "./pki";
import type { LabState } from "./state";

const START_MS = 60_000;

/** Brings the etcd up that all clusters of a lab share. */
export async function startEtcd(
  dir: string,
  program: string,
  etcd: LabState["etcd"],
  save: () => void,
): Promise<void> {
  mkdirSync(layout.etcd(dir), { recursive: true, mode: 0o700 });
  await ensurePki(layout.etcdPki(dir), "etcd CA", {
    etcd: { subject: "CN=etcd", serves: [{ type: "ip", value: "127.0.0.1" }] },
    apiserver: { subject: "CN=kube-apiserver" },
  });
  const command = etcdCommand(program, dir, etcd);
  if (!isUpToDate(etcd.daemon, command)) {
    await stop(etcd.daemon);
    etcd.daemon = start(command, layout.etcd(dir));
    save();
  }
  const client = connect(etcd.port, layout.etcdPki(dir), "apiserver");
  try {
    await waitFor(
      "etcd",
      etcd.daemon,
      command,
      START_MS,
      async () => (await client.send("GET", "/health"))?.status === 200,
    );
  } finally {
    client.close();
  }
}

/** Removes everything that a cluster has kept in etcd (by the JSON form of etcd's API). */
export async function forget(dir: string, { port }: LabState["etcd"], cluster: string): Promise<void> {
  const from = Buffer.from(`${etcdPrefix(cluster)}/`);
  const to = Buffer.from(`${etcdPrefix(cluster)}0`); // "0" is the character after "/"
  const client = connect(port, layout.etcdPki(dir), "apiserver");
  try {
    const response = await client.send("POST", "/v3/kv/deleterange", {
      key: from.toString("base64"),
      range_end: to.toString("base64"),
    });
    if (response?.status !== 200)
      throw new LabError(
        `The data of ${cluster} cannot be removed from etcd: ${JSON.stringify(response?.body)}`,
      );
  } finally {
    client.close();
  }
}
