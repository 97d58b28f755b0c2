import type { ResourceValidationPolicy } from "@pulumi/policy";
import { istioNamespace } from "../components/kubernetes";
import { at, isKind, violation, writesKind } from "./resource";

/** Annotation of the mesh-wide PeerAuthentication: why plain text is let in, for whoever asks a year later. */
export const reasonAnnotation = "weft.dev/permissive-reason";

const [group, kind] = ["security.istio.io", "PeerAuthentication"];

/** Every primary's own mesh-wide PeerAuthentication, and not a patch of one. */
export const isMeshWide = (type: string, props: unknown): boolean =>
  isKind(type, group, kind) && holdsForMesh(props);

/**
 * A PeerAuthentication in Istio's root namespace that selects nothing holds for the whole mesh (addPeerAuthentication in
 * pilot/pkg/model/authentication.go). https://istio.io/latest/docs/reference/config/security/peer_authentication/
 */
function holdsForMesh(props: unknown): boolean {
  const labels = at(props, "spec", "selector", "matchLabels") ?? {};
  return at(props, "metadata", "namespace") === istioNamespace && Object.keys(labels).length === 0;
}

export const strictMtls: ResourceValidationPolicy = {
  name: "strict-mtls",
  description: "The mesh takes mutual TLS only, or says why not.",
  enforcementLevel: "mandatory",
  validateResource({ type, name, props }, report) {
    if (!writesKind(type, group, kind) || !holdsForMesh(props)) return;
    const mode = at(props, "spec", "mtls", "mode");
    if (mode === undefined && !isKind(type, group, kind)) return;
    const reason = at(props, "metadata", "annotations", reasonAnnotation);
    if (mode === "STRICT" || (typeof reason === "string" && reason.trim() !== "")) return;
    report(
      violation({
        resource: name,
        path: "spec.mtls.mode",
        value: mode ?? "UNSET",
        message: "workloads take plain text, from anyone who reaches them, and no reason is recorded.",
        remedy: `Set weft:mesh.mtls to strict, or say why not in weft:mesh.mtlsReason (annotation ${reasonAnnotation}).`,
      }),
    );
  },
};
