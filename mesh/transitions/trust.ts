/** Changes of the trusted roots, which have to keep every connection. */
import { fingerprints } from "../certificates";
import type { LiveMember } from "../live-member";
import type { Member, Mesh } from "../mesh";
import type { Problem } from "../problems";
import { rootNames, sharedRoots, signingRoot } from "../roots";
import { trustedBy } from "../topology";

/**
 * istiod takes a changed bundle while it runs only when the old one is a subset of the new or the new of the old
 * (pilot/pkg/bootstrap/istio_ca.go). A proxy accepts a signer only when its root was in the proxy's bundle before, and
 * holds a certificate of the old signer for up to a day.
 */
export function changedTrust(mesh: Mesh, member: Member, now: LiveMember): Problem[] {
  const { roots } = now;
  if (member.role === "remote" || roots === undefined) return [];
  const wanted = rootNames(mesh, member.name);
  const swapped = swappedBundle(mesh, member, roots, wanted);
  if (swapped !== undefined) return [swapped];
  return [
    ...earlySigner(mesh, member, roots, now.signingRoot),
    ...droppedSigner(mesh, wanted, now.signingRoot),
    ...replacedRoots(mesh, member, roots, now.rootFingerprints),
  ];
}

function swappedBundle(mesh: Mesh, member: Member, live: string[], wanted: string[]): Problem | undefined {
  const added = wanted.filter((root) => !live.includes(root));
  const dropped = live.filter((root) => !wanted.includes(root));
  if (added.length === 0 || dropped.length === 0) return undefined;

  const federated = mesh.config.trust.mode === "federated";
  // In federated trust, and only there, a primary trusts a root of its own name.
  if (federated !== live.includes(member.name)) {
    return {
      path: "weft:mesh.trust.mode",
      value: mesh.config.trust.mode,
      message:
        "The mesh runs in the other mode. A change would replace all roots at once and break every connection.",
      remedy: "Set it back. A mesh gets another mode only by `pulumi destroy` and `pulumi up`.",
    };
  }
  if (dropped.every((root) => isMeantToGo(mesh, root))) return undefined;
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
function isMeantToGo({ config }: Mesh, root: string): boolean {
  return config.trust.removing.includes(root);
}

function atOnce(roots: string[]): string {
  return `If the key of ${roots.join(", ")} has leaked and it must go at once, whatever breaks: weft:mesh.trust.removing: [${roots.join(", ")}].`;
}

/** @param signer the root that signs now. */
function earlySigner(mesh: Mesh, member: Member, live: string[], signer: string | undefined): Problem[] {
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

function droppedSigner(mesh: Mesh, wanted: string[], signing: string | undefined): Problem[] {
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

/** A root that is given as PEM and was another certificate before, under the same name: a swap that no name shows. */
function replacedRoots(
  mesh: Mesh,
  member: Member,
  live: string[],
  liveFingerprints: string[] | undefined,
): Problem[] {
  if (liveFingerprints === undefined) return [];
  return providedRoots(mesh, member)
    .filter(({ name, certificate }) => {
      const [fingerprint] = fingerprints(certificate);
      return live.includes(name) && !liveFingerprints.includes(fingerprint!) && !isMeantToGo(mesh, name);
    })
    .map(({ path }) => ({
      path: `${path}.certificate`,
      message:
        "The mesh runs with another certificate under this name. Swapping it would break every connection.",
      remedy:
        mesh.config.trust.mode === "shared"
          ? "Add the new root under a name of its own and rotate. See docs/trust.md."
          : "Remove the member, `pulumi up`, and add it again with the new root.",
    }));
}

function providedRoots(mesh: Mesh, member: Member): { name: string; path: string; certificate: string }[] {
  if (mesh.config.trust.mode === "federated") {
    return trustedBy(mesh, member.name).flatMap(({ name, path, trust: { root } }) =>
      root === undefined ? [] : [{ name, path: `${path}.trust.root`, certificate: root.certificate }],
    );
  }
  const written = mesh.config.trust.roots?.map(({ name }) => name);
  return sharedRoots(mesh.config).flatMap((root) => {
    if (root.source !== "provided") return [];
    const path = written === undefined ? "root" : `roots[${written.indexOf(root.name)}]`;
    return [{ name: root.name, path: `weft:mesh.trust.${path}`, certificate: root.certificate }];
  });
}
