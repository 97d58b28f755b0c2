import type { ResourceValidationPolicy } from "@pulumi/policy";
import { istioNamespace } from "../components/kubernetes";
import { keyMaterial } from "./key-material";
import { at, isKind, violation } from "./resource";

const label = "istio/multiCluster";

/**
 * istiod reads the API servers of its peers with the kubeconfigs in Secrets of its own namespace that carry this label,
 * and ignores every other Secret without a word (Istio, pkg/kube/multicluster).
 */
export const peerSecrets: ResourceValidationPolicy = {
  name: "peer-secrets",
  description: `A Secret with peers' kubeconfigs is in ${istioNamespace} and labelled ${label}.`,
  enforcementLevel: "mandatory",
  validateResource({ type, name, props }, report) {
    if (!isKind(type, "core", "Secret")) return;
    const labelValue = at(props, "metadata", "labels", label);
    const objectName = at(props, "metadata", "name");
    const isPeerSecret =
      labelValue !== undefined ||
      (typeof objectName === "string" && /^weft-peers(-|$)/.test(objectName)) ||
      keyMaterial(props).some(({ kind }) => kind === "kubeconfig");
    if (!isPeerSecret) return;

    const namespace = at(props, "metadata", "namespace");
    if (namespace !== istioNamespace) {
      report(
        violation({
          resource: name,
          path: "metadata.namespace",
          value: namespace ?? "default",
          message:
            "istiod does not read PeerSecrets here, and the kubeconfigs are open to whoever reads Secrets here.",
          remedy: `Move it to ${istioNamespace}.`,
        }),
      );
    }
    if (labelValue !== "true") {
      report(
        violation({
          resource: name,
          path: `metadata.labels["${label}"]`,
          value: labelValue,
          message: "without this label istiod ignores the Secret, and its peers stay unknown.",
          remedy: `Set ${label}: "true".`,
        }),
      );
    }
  },
};
