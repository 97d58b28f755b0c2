import * as fs from "node:fs/promises";
import * as k8s from "@pulumi/kubernetes";
import { CertManager } from "@pulumi/kubernetes-cert-manager";
import * as pulumi from "@pulumi/pulumi";
import { resolveKubeconfig } from "../../../clusters/kubeconfig";
import { finishInterrupted } from "../../../components/interrupted/interrupted";

const namespace = "cert-manager";

/** cert-manager, a self-signed ClusterIssuer, a CA of it, an Issuer of that CA and an intermediate of that Issuer. */
export default async function certManager(): Promise<{ status: unknown }> {
  const kubeconfigPath = new pulumi.Config("weft").require("kubeconfigPath");
  const kubeconfig = await fs.readFile(kubeconfigPath, "utf8");
  const provider = new k8s.Provider("one", { kubeconfig });
  const home = new k8s.core.v1.Namespace(namespace, { metadata: { name: namespace } }, { provider });
  const kubeconfigs = new Map([["one", await resolveKubeconfig({ path: "one", kubeconfigPath })]]);
  const transformations = [finishInterrupted("test", { one: provider }, kubeconfigs)];
  const woven = new pulumi.ComponentResource("weft:test:Woven", "woven", {}, { transformations });
  const manager = new CertManager(
    "cert-manager",
    {
      installCRDs: true,
      replicaCount: 2,
      helmOptions: { name: "cert-manager", namespace: home.metadata.name },
    },
    { parent: woven, providers: { kubernetes: provider } },
  );
  const create = (kind: string, name: string, spec: object) =>
    new k8s.apiextensions.CustomResource(
      `${kind}-${name}`,
      { apiVersion: "cert-manager.io/v1", kind, metadata: { name, namespace: home.metadata.name }, spec },
      { provider, dependsOn: manager },
    );
  const ca = (commonName: string, secretName: string, kind: string, issuer: string) => ({
    isCA: true,
    commonName,
    secretName,
    usages: ["cert sign", "crl sign"],
    duration: "8760h",
    privateKey: { algorithm: "ECDSA", size: 256 },
    issuerRef: { name: issuer, kind, group: "cert-manager.io" },
  });
  new k8s.apiextensions.CustomResource(
    "self-signed",
    {
      apiVersion: "cert-manager.io/v1",
      kind: "ClusterIssuer",
      metadata: { name: "self-signed" },
      spec: { selfSigned: {} },
    },
    { provider, dependsOn: manager },
  );
  create("Certificate", "root", ca("Root CA", "root", "ClusterIssuer", "self-signed"));
  create("Issuer", "root", { ca: { secretName: "root" } });
  create("Certificate", "c1", ca("Intermediate CA", "c1", "Issuer", "root"));
  return { status: manager.status };
}
