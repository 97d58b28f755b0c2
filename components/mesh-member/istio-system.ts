/** Namespace istio-system of a member. */
import * as kubernetes from "@pulumi/kubernetes";
import type * as pulumi from "@pulumi/pulumi";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { istioNamespace, managedByWeft, namespaceMetadata } from "../kubernetes";

/**
 * Weft's own, or one that was there, to which it adds labels. The one becomes the other in place: without the alias the engine
 * would delete the namespace.
 */
export function istioSystem(
  name: string,
  { mesh, member }: { mesh: MeshSpec; member: Member },
  parent: pulumi.Resource,
): kubernetes.core.v1.Namespace | kubernetes.core.v1.NamespacePatch {
  const labels = {
    // Whose cluster this is: preflight refuses one that belongs to another mesh or member.
    "weft.dev/mesh": mesh.config.id,
    "weft.dev/member": member.name,
    "topology.istio.io/network": member.network,
  };
  const annotations: Record<string, string> =
    member.role === "remote" ? { "topology.istio.io/controlPlaneClusters": member.primary } : {};
  if (member.istio.adoptNamespace) {
    // Once Weft's own, its labels may still be those of the manager that created it (provider/pkg/await/await.go of pulumi-kubernetes,
    // Creation). Nobody else's network or member gets lost: preflight refuses that.
    const force = { "pulumi.com/patchForce": "true" };
    const own = { labels, annotations: { ...annotations, ...force } };
    return new kubernetes.core.v1.NamespacePatch(
      name,
      { metadata: namespaceMetadata(istioNamespace, member.istio, own) },
      { parent, aliases: [{ type: "kubernetes:core/v1:Namespace" }] },
    );
  }
  const own = { labels: { ...managedByWeft, ...labels }, annotations };
  return new kubernetes.core.v1.Namespace(
    name,
    { metadata: namespaceMetadata(istioNamespace, member.istio, own) },
    { parent, aliases: [{ type: "kubernetes:core/v1:NamespacePatch" }] },
  );
}
