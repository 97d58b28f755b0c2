/**
 * What must not leave the mesh by accident: half of the list, lost in a merge, or the primary that serves the others.
 *
 * The program asks, and not the policy pack, because a pack sees what an update registers and never what it deletes, and
 * because a plain `pulumi up` runs without one. The engine knows what the last `up` left: the outputs of this stack.
 * `pulumi destroy` runs no program, so it is not refused. A member that joined in an `up` that failed is not among the
 * outputs, and does not count.
 */
import type { LastUp } from "./last-up";
import type { MeshSpec } from "./mesh-spec";
import type { Problem } from "./problems";
import { primaries } from "./topology";

/** Problems of going from the mesh of the last `up` to this one. */
export function checkRemovals({ members: before }: LastUp, mesh: MeshSpec): Problem[] {
  const names = Object.keys(before).sort();
  const present = new Set(mesh.members.map(({ name }) => name));
  const { removing, evicting } = mesh.config;
  const leaving = names.filter((name) => !present.has(name) && !evicting.includes(name));

  const stillPrimary = new Set(primaries(mesh).map(({ name }) => name));
  const primariesBefore = names.filter((name) => before[name]!.role === "primary");
  const losesPrimaries = !primariesBefore.some((name) => stillPrimary.has(name));

  const toBeMeant = [...(leaving.length > 1 ? leaving : []), ...(losesPrimaries ? primariesBefore : [])];
  if (toBeMeant.every((name) => removing.includes(name) || evicting.includes(name))) return [];
  return [
    {
      path: "weft:clusters",
      message: losesPrimaries
        ? `No primary that there was stays one (${primariesBefore.join(", ")}): nothing would serve the mesh's workloads until a new one does.`
        : `${leaving.join(", ")} would leave the mesh in one step, with everything that Weft made in them.`,
      remedy: `Put them back. If it is meant, say so: weft:mesh.removing: [${[...new Set(toBeMeant)].sort().join(", ")}].`,
    },
  ];
}
