/** Members that do not answer, and are to be left as they are: what the others must not need of them. */
import type { LastUp } from "../last-up";
import { unreachableIn, type LiveMember } from "../live-member";
import type { Member } from "../mesh-spec";
import type { Problem } from "../problems";
import { rootNames, signingRoot } from "../roots";
import { exposesIstiod, remotesOf } from "../topology";
import { ofMembers, type Step } from "./step";

/** What is known of a member that does not answer: what the last `up` left. */
export function unanswered({ name, primary }: Member, mesh: string, { members }: LastUp): LiveMember {
  const known = members[name];
  const servedBy = known?.role === "remote" ? primary : undefined;
  return {
    name,
    unreachable: true,
    tokenGenerations: [],
    eastWest: { address: known?.eastWestAddress },
    namespace: known && { uid: known.uid, mesh, member: name, network: known.network, servedBy },
  };
}

export function unreachableMembers(step: Step): Problem[] {
  return [noMember, unknownGateway, newRemote, signer, mixedRoots].flatMap((check) => check(step));
}

const ofUnreachable = (check: (member: Member, step: Step) => Problem[]) =>
  ofMembers((member, { unreachable }, step) => (unreachable === true ? check(member, step) : []));

const noMember = ofUnreachable(({ name, path }, { last }) =>
  last.members[name] !== undefined
    ? []
    : [
        {
          path,
          value: name,
          message: `${name} does not answer, and the last \`pulumi up\` left no such member: there is nothing to leave as it is.`,
          remedy: "Take it out of the list until it answers.",
        },
      ],
);

/** By it remotes reach the istiod. */
const unknownGateway = ofUnreachable(({ name, path, eastWest }, { mesh, last }) => {
  const known = last.members[name];
  const isKnown = eastWest.addresses.length > 0 || known?.eastWestAddress !== undefined;
  if (known === undefined || isKnown || !exposesIstiod(mesh, name)) return [];
  const remotes = remotesOf(mesh, name).map((remote) => remote.name);
  return [
    {
      path: `${path}.eastWest.addresses`,
      message: `Required: ${name} does not answer, and nobody knows the address of its gateway, by which ${remotes.join(", ")} reach its istiod.`,
      remedy: "Set it to that address.",
    },
  ];
});

/** The remote's gateway is injected only when its primary has its token. */
const newRemote = ofUnreachable(({ name }, { mesh, live }) =>
  remotesOf(mesh, name)
    .filter((remote) => {
      const now = live.get(remote.name);
      return now !== undefined && now.unreachable === undefined && now.namespace?.servedBy !== name;
    })
    .map((remote) => ({
      path: `${remote.path}.primary`,
      value: name,
      message: `${name} does not answer, and its istiod would have to be told of ${remote.name}.`,
      remedy: `Name a primary that answers, or wait for ${name}.`,
    })),
);

const signer = ofUnreachable(({ name, path }, { mesh }) =>
  mesh.config.trust.certManager?.cluster !== name
    ? []
    : [
        {
          path,
          value: name,
          message: `${name} does not answer, and cert-manager there holds the key of the roots: nothing can be signed.`,
          remedy: "Bring it back first.",
        },
      ],
);

/** A member that keeps its roots while the others get new ones is one whose workloads they would come to refuse. */
function mixedRoots({ mesh, live }: Step): Problem[] {
  const absent = unreachableIn(live.values());
  const changing = mesh.members.filter((member) => {
    const { roots, signingRoot: signs } = live.get(member.name) ?? {};
    if (roots === undefined) return false;
    const wanted = rootNames(mesh, member.name);
    return roots.toSorted().join() !== wanted.toSorted().join() || signs !== signingRoot(mesh, member);
  });
  if (absent.length === 0 || changing.length === 0) return [];
  return [
    {
      path: mesh.config.trust.mode === "federated" ? "weft:clusters" : "weft:mesh.trust",
      message: `The roots of ${changing.map(({ name }) => name).join(", ")} would change, and ${absent.join(", ")} does not answer: their workloads would come to refuse each other.`,
      remedy: `Leave the roots as they are until ${absent.join(", ")} answers. Or evict it: weft:mesh.evicting: [${absent.join(", ")}].`,
    },
  ];
}
