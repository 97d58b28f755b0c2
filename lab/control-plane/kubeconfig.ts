import { readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
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
  const base64 = (pki: string, name: string) => readFileSync(join(pki, name)).toString("base64");
  replaceFile(
    file,
    stringify(
      {
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
      },
      // Go's parsers read YAML 1.1, to which `no` and `y` are booleans.
      { compat: "yaml-1.1" },
    ),
  );
}
