/** What must not be done from the live state in one step. */
import { fingerprints } from "./certificates";
import { brokenRotation } from "./istio-versions";
import type { LiveMember } from "./live-member";
import type { Member, Mesh } from "./mesh";
import type { Problem } from "./problems";
import { rootNames, sharedRoots, signingRoot } from "./roots";
import { readersOf, trustedBy } from "./topology";

/**
 * Problems of going from the live state to this mesh in one `up`. None for what is installed for the first time.
 * Which roots a member trusts shows in its annotations and its bundle, so where they are missing nothing is said of them.
 */
export function checkTransition(live: LiveMember[], mesh: Mesh): Problem[] {
  const before = new Map(live.map((member) => [member.name, member]));
  const problems = mesh.members.flatMap((member) => {
    const now = before.get(member.name);
    return now === undefined
      ? []
      : [...ownership(mesh, member, now), ...renewal(before, mesh, member, now), ...trust(mesh, member, now)];
  });
  // In shared trust every member runs into the same.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** The namespace is created first, and what is in it goes when the member leaves: it has to be this member's own. */
function ownership(mesh: Mesh, member: Member, now: LiveMember): Problem[] {
  const { namespace } = now;
  if (namespace === undefined) return [];
  if (namespace.member === undefined) {
    return [
      {
        path: member.path,
        value: member.name,
        message: `${member.name} has a namespace istio-system that is not Weft's.`,
        remedy: "Uninstall the Istio that runs there, delete the namespace, `pulumi up` again.",
      },
    ];
  }
  if (namespace.mesh === mesh.config.id && namespace.member === member.name) return [];
  return [
    {
      path: member.path,
      value: member.name,
      message: `This cluster is member ${namespace.member} of mesh ${namespace.mesh} already.`,
      remedy: `Remove it there and \`pulumi up\`, then add it as ${member.name} of ${mesh.config.id}. A mesh or a member cannot be renamed.`,
    },
  ];
}

/** A renewed token is a changed remote secret to every reader, and some istiods do not survive that. */
function renewal(before: Map<string, LiveMember>, mesh: Mesh, member: Member, now: LiveMember): Problem[] {
  const { generation } = member.remoteAccess;
  const renewed = now.tokenGenerations.length > 0 && !now.tokenGenerations.includes(generation);
  if (!renewed || mesh.config.remoteAccess.allowBrokenRotation) return [];
  return readersOf(mesh, member.name).flatMap((reader) => {
    const running = before.get(reader.name)?.istiodVersion;
    // An istiod that starts now reads only the new token.
    if (running === undefined) return [];
    const version = [running, reader.istio.version].find(
      (candidate) => brokenRotation(candidate) !== undefined,
    );
    if (version === undefined) return [];
    const { reason, source, fixedIn } = brokenRotation(version)!;
    return {
      path: `${member.path}.remoteAccess.generation`,
      value: String(generation),
      message: `A new token for ${member.name} would reach istiod ${version} of ${reader.name}, which then ${reason} (${source}).`,
      remedy:
        `Keep generation ${Math.max(...now.tokenGenerations)}, set istio.version of ${reader.name} to ${fixedIn} or later, ` +
        "`pulumi up`; then renew.",
    };
  });
}

/**
 * istiod takes a changed bundle while it runs only when the old one is a subset of the new or the new of the old
 * (pilot/pkg/bootstrap/istio_ca.go). A proxy accepts a signer only when its root was in the proxy's bundle before, and
 * holds a certificate of the old signer for up to a day.
 */
function trust(mesh: Mesh, member: Member, now: LiveMember): Problem[] {
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
  return [
    {
      path: "weft:mesh.trust.roots",
      value: signing,
      message: "This root would sign before the running proxies trust it.",
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
