/** The trust of single members: `trust` of an entry of `weft:clusters`. */
import { intermediateProblemsOf, rootProblemsOf } from "../provided-ca";
import type { Member, MeshSpec } from "../mesh-spec";
import type { CertifiedNames } from "../name-constraints";
import type { Problem } from "../problems";
import { sharedRoots } from "../roots";
import type { Draft } from "../draft";
import { didYouMean } from "../schema-problems";
import { istiodNames } from "../topology";

export function memberTrustProblems(draft: Draft): Problem[] {
  const { mesh, now } = draft;
  return mesh.members.flatMap((member) => {
    if (member.role === "remote") return ofRemote(member);
    return mesh.config.trust.mode === "shared" ? shared(mesh, member, now) : federated(draft, member);
  });
}

/** The istiod that serves a remote signs its workloads. https://istio.io/latest/docs/ops/deployment/deployment-models/ */
function ofRemote({ path, primary, trust }: Member): Problem[] {
  return (["root", "intermediate", "trusts"] as const)
    .filter((key) => trust[key] !== undefined)
    .map((key) => ({
      path: `${path}.trust.${key}`,
      message: `This member is a remote: the istiod of ${primary} signs its workloads.`,
      remedy: `Remove it, or move it to ${primary}.`,
    }));
}

/** What the member's CA certifies. */
function namesBelow(mesh: MeshSpec, member: Member): CertifiedNames {
  return { dns: istiodNames(member), trustDomain: mesh.config.trustDomain };
}

function shared(mesh: MeshSpec, member: Member, now: Date): Problem[] {
  const { path, trust } = member;
  const problems: Problem[] = (["root", "trusts"] as const)
    .filter((key) => trust[key] !== undefined)
    .map((key) => ({
      path: `${path}.trust.${key}`,
      message: "Only members of a mesh with `trust.mode: federated` have one of their own.",
      remedy: "Remove it, or set `weft:mesh.trust.mode` to federated.",
    }));
  if (trust.intermediate === undefined) return problems;

  const roots = sharedRoots(mesh.config).flatMap((root) =>
    root.source === "provided" ? [root.certificate] : [],
  );
  if (roots.length === 0) {
    problems.push({
      path: `${path}.trust.intermediate`,
      message: "Its root is not trusted: no root of the mesh is provided.",
      remedy: "Give its root in `weft:mesh.trust.root` with `source: provided`.",
    });
    return problems;
  }
  const place = { path: `${path}.trust.intermediate`, now, names: namesBelow(mesh, member) };
  return [...problems, ...intermediateProblemsOf(trust.intermediate, roots, place)];
}

function federated(draft: Draft, member: Member): Problem[] {
  const { path, trust } = member;
  const { root, intermediate } = trust;
  const problems = trusts(draft, member);
  const { now } = draft;
  const names = namesBelow(draft.mesh, member);
  if (root !== undefined) {
    problems.push(
      ...rootProblemsOf(root, intermediate === undefined, { path: `${path}.trust.root`, now, names }),
    );
    if (root.key === undefined && intermediate === undefined) {
      problems.push({
        path: `${path}.trust.root.key`,
        message: "Required: nothing else can sign this member's intermediate.",
        remedy: "Give the root's key, or `trust.intermediate`.",
      });
    }
  }
  if (intermediate === undefined) return problems;
  if (root === undefined) {
    problems.push({
      path: `${path}.trust.root`,
      message: "Required: the root of this member's intermediate, for the others to trust.",
      remedy: "Give its certificate; the key may be left out.",
    });
    return problems;
  }
  const place = { path: `${path}.trust.intermediate`, now, names };
  return [...problems, ...intermediateProblemsOf(intermediate, [root.certificate], place)];
}

/** Mutual TLS needs trust in both directions, so a one-sided list would cut both off. */
function trusts({ mesh, names }: Draft, { name, path, trust }: Member): Problem[] {
  return (trust.trusts ?? []).flatMap((trusted, index) => {
    const at = { path: `${path}.trust.trusts[${index}]`, value: trusted };
    const other = mesh.members.find((member) => member.name === trusted);
    if (!names.some((member) => member.name === trusted)) {
      const all = names.map((member) => member.name);
      return { ...at, message: "No member has this name.", ...didYouMean(trusted, all) };
    }
    if (other?.role === "remote") {
      return {
        ...at,
        message: `This member is a remote: the istiod of ${other.primary} signs its workloads.`,
        remedy: `Name ${other.primary} in its place.`,
      };
    }
    if (other?.trust.trusts?.includes(name) ?? true) return [];
    return {
      ...at,
      message: `${trusted} does not trust ${name}, so mutual TLS between them would fail in both directions.`,
      remedy: `Add ${name} to ${other!.path}.trust.trusts, or remove ${trusted} here.`,
    };
  });
}
