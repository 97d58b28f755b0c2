/** Changes of which roots are trusted, and which of them signs: they have to keep every connection. */
import type { Member, MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";
import { rootNames, signingRoot } from "../roots";
import { ofMembers } from "./step";

export const changedMode = ofMembers((member, { roots }, { mesh }) =>
  roots === undefined || !isInOtherMode(mesh, member, roots)
    ? []
    : [
        {
          path: "weft:mesh.trust.mode",
          value: mesh.config.trust.mode,
          message:
            "The mesh runs in the other mode. A change would replace all roots at once and break every connection.",
          remedy: "Set it back. A mesh gets another mode only by `pulumi destroy` and `pulumi up`.",
        },
      ],
);

/** In federated trust, and only there, a primary trusts a root of its own name. */
function isInOtherMode(mesh: MeshSpec, member: Member, live: string[]): boolean {
  if (member.role === "remote" || !isSwapped(live, rootNames(mesh, member.name))) return false;
  return (mesh.config.trust.mode === "federated") !== live.includes(member.name);
}

function isSwapped(live: string[], wanted: string[]): boolean {
  return live.some((root) => !wanted.includes(root)) && wanted.some((root) => !live.includes(root));
}

/**
 * istiod takes a changed bundle while it runs only when the old one is a subset of the new or the new of the old
 * (pilot/pkg/bootstrap/istio_ca.go). A proxy accepts a signer only when its root was in the proxy's bundle before, and
 * holds a certificate of the old signer for up to a day.
 */
export const changedRoots = ofMembers((member, { roots, signingRoot: signer }, { mesh }) => {
  if (member.role === "remote" || roots === undefined || isInOtherMode(mesh, member, roots)) return [];
  const wanted = rootNames(mesh, member.name);
  const swapped = swappedBundle(mesh, roots, wanted);
  if (swapped !== undefined) return [swapped];
  return [...earlySigner(mesh, member, roots, signer), ...droppedSigner(mesh, wanted, signer)];
});

function swappedBundle(mesh: MeshSpec, live: string[], wanted: string[]): Problem | undefined {
  if (!isSwapped(live, wanted)) return undefined;
  const added = wanted.filter((root) => !live.includes(root));
  const dropped = live.filter((root) => !wanted.includes(root));
  if (dropped.every((root) => isMeantToGo(mesh, root))) return undefined;
  const federated = mesh.config.trust.mode === "federated";
  return {
    path: federated ? "weft:clusters" : "weft:mesh.trust.roots",
    value: wanted.join(", "),
    message: `The trusted roots are ${live.toSorted().join(", ")} now. In one step they may grow or shrink, not both: istiod refuses a bundle that does.`,
    remedy: federated
      ? `First add ${added.join(", ")} and keep ${dropped.join(", ")}, \`pulumi up\`; then remove. See docs/trust.md.`
      : `First list ${[...live, ...added].toSorted().join(", ")}, \`pulumi up\`; then drop ${dropped.join(", ")}. See docs/trust.md. ${atOnce(dropped)}`,
  };
}

/** A root whose key has leaked must not wait for a rotation. */
export function isMeantToGo({ config }: MeshSpec, root: string): boolean {
  return config.trust.removing.includes(root);
}

function atOnce(roots: string[]): string {
  return `If the key of ${roots.join(", ")} has leaked and it must go at once, whatever breaks: weft:mesh.trust.removing: [${roots.join(", ")}].`;
}

/** @param signer the root that signs now. */
function earlySigner(mesh: MeshSpec, member: Member, live: string[], signer: string | undefined): Problem[] {
  const signing = signingRoot(mesh, member);
  if (live.includes(signing)) return [];
  const isReplaced = signer !== undefined && !rootNames(mesh, member.name).includes(signer);
  if (isReplaced && isMeantToGo(mesh, signer)) return [];
  const message = "This root would sign before the running proxies trust it.";
  if (member.trust.intermediate !== undefined) {
    return [
      {
        path: `${member.path}.trust.intermediate`,
        value: signing,
        message,
        remedy: "First add the root alone, `pulumi up`; then give the intermediate. See docs/trust.md.",
      },
    ];
  }
  return [
    {
      path: "weft:mesh.trust.roots",
      value: signing,
      message,
      remedy:
        "First add it without `signing`, `pulumi up`; then move `signing: true` to it. See docs/trust.md.",
    },
  ];
}

function droppedSigner(mesh: MeshSpec, wanted: string[], signing: string | undefined): Problem[] {
  if (signing === undefined || wanted.includes(signing) || isMeantToGo(mesh, signing)) return [];
  return [
    {
      path: "weft:mesh.trust.roots",
      value: wanted.join(", "),
      message: `${signing} still signs: the running proxies hold certificates that only it vouches for.`,
      remedy: `First keep ${signing} without \`signing\`, \`pulumi up\`; drop it a day later. See docs/trust.md. ${atOnce([signing])}`,
    },
  ];
}
