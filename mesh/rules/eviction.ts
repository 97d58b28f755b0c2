/** Members whose cluster is gone: what still needs them. */
import type { Draft } from "../draft";
import type { MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";

export function evictionProblems({ mesh, complete }: Draft): Problem[] {
  const { config, members } = mesh;
  const isEvicted = (name: string) => config.evicting.includes(name);
  const remotes = members
    .filter(({ role, primary }) => role === "remote" && isEvicted(primary))
    .map(({ name, path, primary }) => ({
      path: `${path}.primary`,
      value: primary,
      message: `${primary} is evicted, and ${name} is to be served by it.`,
      remedy: `Name another primary. Or leave out \`role\` and \`primary\`: then ${name} gets an istiod of its own, and its workloads go over to it when they connect again.`,
    }));
  const trusts = members.flatMap(({ path, trust }) =>
    (trust.trusts ?? []).filter(isEvicted).map((name) => ({
      path: `${path}.trust.trusts`,
      value: name,
      message: "It is evicted, and its root is no more.",
      remedy: "Take it out.",
    })),
  );
  return [...remotes, ...trusts, ...(complete ? everybody(mesh) : [])];
}

/** A cluster that the whole mesh needs. */
export function evictedManagementProblems({ mesh }: Draft): Problem[] {
  const { trust, membership, evicting } = mesh.config;
  const isEvicted = (name: string) => evicting.includes(name);
  const problems: Problem[] = [];
  if (trust.certManager !== undefined && isEvicted(trust.certManager.cluster)) {
    problems.push({
      path: "weft:mesh.evicting",
      value: trust.certManager.cluster,
      message: "cert-manager there holds the key of the roots, and signs for every member.",
      remedy:
        "Restore that cluster. Or, where the key is lost: roots of another source in weft:mesh.trust.roots, the lost ones in weft:mesh.trust.removing, and no weft:mesh.trust.certManager. See docs/trust.md.",
    });
  }
  const asked = membership?.management;
  if (typeof asked === "string" && isEvicted(asked)) {
    problems.push({
      path: "weft:mesh.evicting",
      value: asked,
      message: "weft:mesh.membership asks it for the members of the mesh.",
      remedy:
        "Name another management cluster there. Or leave weft:mesh.membership out and list under weft:clusters every member that stays.",
    });
  }
  return problems;
}

function everybody({ config, members }: MeshSpec): Problem[] {
  if (members.length > 0) return [];
  return [
    {
      path: "weft:mesh.evicting",
      value: config.evicting.join(", "),
      message: "No member would be left.",
      remedy:
        "Keep one that answers. Where all clusters are gone, `pulumi stack rm --force` forgets the mesh.",
    },
  ];
}
