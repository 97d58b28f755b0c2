/** Which roots the mesh knows by name, and which of them each member trusts. */
import type { MeshConfig, RootSource } from "./schema";
import type { Mesh } from "./mesh";
import { trustedBy } from "./topology";

export type NamedRoot = RootSource & { name: string; signing: boolean };

/** Name of the root written as `trust.root`: the name to give it in `trust.roots` when a rotation begins. */
export const defaultRootName = "default";

/** The roots of shared trust, sorted by name: `trust.roots`, or the only root under the name `default`. */
export function sharedRoots({ trust }: MeshConfig): NamedRoot[] {
  const roots: NamedRoot[] = trust.roots ?? [
    { ...(trust.root ?? { source: "generated" }), name: defaultRootName, signing: true },
  ];
  return [...roots].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Names of the roots in the bundle of a member, sorted; annotation `weft.dev/roots` of its Secret `cacerts`.
 * In federated trust a member's root bears the member's name.
 */
export function rootNames(mesh: Mesh, member: string): string[] {
  return mesh.config.trust.mode === "shared"
    ? sharedRoots(mesh.config).map(({ name }) => name)
    : trustedBy(mesh, member).map(({ name }) => name);
}
