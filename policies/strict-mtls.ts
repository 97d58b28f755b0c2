import type { ResourceValidationPolicy } from "@pulumi/policy";
import { istioNamespace } from "../components/kubernetes";
import { at, isKind, violation } from "./resource";

/** Annotation of the mesh-wide PeerAuthentication: why plain text is let in, for whoever asks a year later. */
export const reasonAnnotation = "weft.dev/permissive-reason";

/** A PeerAuthentication in Istio's root namespace without a selector holds for the whole mesh. https://istio.io/latest/docs/reference/config/security/peer_authentication/ */
export const isMeshWide = (type: string, props: unknown): boolean =>
  isKind(type, "security.istio.io", "PeerAuthentication") &&
  at(props, "metadata", "namespace") === istioNamespace &&
  at(props, "spec", "selector") === undefined;

export const strictMtls: ResourceValidationPolicy = {
  name: "strict-mtls",
  description: "The mesh takes mutual TLS only, or says why not.",
  enforcementLevel: "mandatory",
  validateResource({ type, name, props }, report) {
    if (!isMeshWide(type, props)) return;
    const mode = at(props, "spec", "mtls", "mode");
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
