/** Which roots the mesh knows by name, and which of them each member trusts. */
import { leadsTo } from "./certificates";
import type { LiveMember } from "./live-member";
import type { Member, MeshSpec } from "./mesh-spec";
import type { KeyAlgorithm, MeshConfig, RootSource } from "./schema";
import { primaries, trustedBy } from "./topology";

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

/** Where each root comes from, by name. In federated trust a primary's root bears the primary's name. */
export function rootSources(mesh: MeshSpec): Record<string, RootSource> {
  if (mesh.config.trust.mode === "shared") {
    return Object.fromEntries(sharedRoots(mesh.config).map((root) => [root.name, root]));
  }
  return Object.fromEntries(
    primaries(mesh).map(({ name, trust }) => [
      name,
      trust.root === undefined ? { source: "generated" } : { source: "provided", ...trust.root },
    ]),
  );
}

/** Algorithm of the key of a root that is made for it, and of the intermediates below any root. */
export function algorithmOf({ trust }: MeshConfig, root: RootSource): KeyAlgorithm {
  return (root.source === "provided" ? undefined : root.algorithm) ?? trust.algorithm;
}

/**
 * Names of the roots in the bundle of a member, sorted; annotation `weft.dev/roots` of its Secret `cacerts`.
 */
export function rootNames(mesh: MeshSpec, member: string): string[] {
  return mesh.config.trust.mode === "shared"
    ? sharedRoots(mesh.config).map(({ name }) => name)
    : trustedBy(mesh, member).map(({ name }) => name);
}

/** Name of the root that signs the intermediate of a member; of one that is given, the root that its chain leads to. */
export function signingRoot({ config }: MeshSpec, { primary, trust: { intermediate } }: Member): string {
  if (config.trust.mode === "federated") return primary;
  const given =
    intermediate &&
    sharedRoots(config).find((root) => root.source === "provided" && leadsTo(intermediate, root.certificate));
  return given?.name ?? sharedSigner(config);
}

/** Name of the root of shared trust that signs every intermediate that is not given. */
export function sharedSigner(config: MeshConfig): string {
  return sharedRoots(config).find(({ signing }) => signing)!.name;
}

/** Whether a root leaves a bundle in federated trust: its member leaves the mesh, or one of the two no longer reads the other. */
export function dropsRoot(live: LiveMember[], mesh: MeshSpec): boolean {
  return (
    mesh.config.trust.mode === "federated" &&
    live.some(({ name, roots = [] }) => {
      const kept = rootNames(mesh, name);
      return roots.some((root) => !kept.includes(root));
    })
  );
}

/** Where a root stands in stack config. */
export function rootPath({ config, members }: MeshSpec, name: string): string {
  const { mode, roots } = config.trust;
  if (mode === "federated") return `${members.find((member) => member.name === name)!.path}.trust.root`;
  const index = roots?.findIndex((root) => root.name === name);
  return `weft:mesh.trust.${index === undefined ? "root" : `roots[${index}]`}`;
}

/**
 * The intermediate that is given for a member; undefined where Weft makes it one. Nothing can sign one for a remote where the root has
 * no key: it has that of the istiod which signs its workloads.
 */
export function givenIntermediate(mesh: MeshSpec, member: Member): Member["trust"]["intermediate"] {
  const { role, primary, trust } = member;
  const root = rootSources(mesh)[signingRoot(mesh, member)];
  if (role === "primary" || root?.source !== "provided" || root.key !== undefined) return trust.intermediate;
  return mesh.members.find(({ name }) => name === primary)?.trust.intermediate;
}
