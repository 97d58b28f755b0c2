import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ApiClient, ApiServerError } from "../../clusters/api-client";
import { resolveKubeconfig } from "../../clusters/kubeconfig";
import { replaceFile } from "../files";

/** A cluster as a kubeconfig tells of it. */
export interface KubeconfigEntry {
  /** Names the cluster and the context. */
  readonly name: string;
  readonly server: string;
  /** Folder with the CA and with the certificate and key of `user`. */
  readonly pki: string;
  /** File name of the client certificate, without its ending. */
  readonly user: string;
}

/** Writes a kubeconfig that needs no other file, readable by its owner only. The first entry's context is the current one. */
export function writeKubeconfig(file: string, entries: readonly KubeconfigEntry[]): void {
  replaceFile(file, kubeconfig(entries));
}

/** A client of one server, with all its requests together within `timeoutMs`: an API server of the lab, or its etcd. */
export async function connect(entry: KubeconfigEntry, timeoutMs: number): Promise<ApiClient> {
  return ApiClient.of(
    await resolveKubeconfig({ path: entry.name, kubeconfig: kubeconfig([entry]) }),
    timeoutMs,
  );
}

/** As JSON, which every YAML parser reads alike: to YAML 1.1 a cluster named `no` or `y` would be a boolean. */
function kubeconfig(entries: readonly KubeconfigEntry[]): string {
  const base64 = (pki: string, name: string) => readFileSync(join(pki, name)).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: entries.map(({ name, server, pki }) => ({
      name,
      cluster: { server, "certificate-authority-data": base64(pki, "ca.crt") },
    })),
    users: entries.map(({ name, pki, user }) => ({
      name: `${name}-${user}`,
      user: {
        "client-certificate-data": base64(pki, `${user}.crt`),
        "client-key-data": base64(pki, `${user}.key`),
      },
    })),
    contexts: entries.map(({ name, user }) => ({
      name,
      context: { cluster: name, user: `${name}-${user}` },
    })),
    "current-context": entries[0]?.name ?? "",
  };
  return JSON.stringify(config, null, 2);
}

/** Whether the server answers this path, as a healthy one does. */
export function answers(server: ApiClient, path: string): Promise<boolean> {
  return orNotYet(server.getText(path).then(() => true));
}

/** False while the server does not answer, or not as it will. */
export function orNotYet(ready: Promise<boolean>): Promise<boolean> {
  return ready.catch((error: unknown) => {
    if (error instanceof ApiServerError) return false;
    throw error;
  });
}
