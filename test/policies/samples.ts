/** Secrets made up for each run. */
import { generateKeyPairSync } from "node:crypto";

export const privateKey = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
  type: "pkcs8",
  format: "pem",
}) as string;

export const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: cluster2
  cluster: {server: "https://10.0.0.2:6443"}
users:
- name: cluster2
  user: {token: t0p-s3cret}
`;

export const base64 = (text: string) => Buffer.from(text).toString("base64");
