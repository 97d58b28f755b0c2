import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const kubeconfig = `kind: Config\nusers:\n- name: a\n  user: {token: do-not-show-me}\n`;

/** Providers with a kubeconfig marked secret, without any, and with a plain one. */
export default function kubeconfigs(): Promise<void> {
  new kubernetes.Provider("marked", { kubeconfig: pulumi.secret(kubeconfig), clusterIdentifier: "marked" });
  new kubernetes.Provider("ambient", {});
  new kubernetes.Provider("plain", { kubeconfig, clusterIdentifier: "plain" });
  return Promise.resolve();
}
