/**
 * What must not leave the mesh by accident: half of the list, lost in a merge, or the primary that serves the others.
 *
 * The program asks, and not the policy pack, because a pack sees what an update registers and never what it deletes, and
 * because a plain `pulumi up` runs without one. The engine knows what the last `up` left: the outputs of this stack.
 * `pulumi destroy` runs no program, so it is not refused. A member that joined in an `up` that failed is not among the
 * outputs, and does not count.
 */
import { z } from "zod";
import type { Mesh } from "./mesh";
import type { Problem } from "./problems";
import { primaries } from "./topology";

/** The part of the stack's outputs that matters here. */
const outputs = z.object({
  members: z.record(z.string(), z.object({ role: z.enum(["primary", "remote"]) })).default({}),
});

/**
 * Problems of going from the mesh of the last `up` to this one.
 * @param lastOutputs outputs of this stack; `{}` or undefined before the first `up`.
 * @throws z.ZodError when they are not those of index.ts.
 */
export function checkRemovals(lastOutputs: unknown, mesh: Mesh): Problem[] {
  const before = outputs.parse(lastOutputs ?? {}).members;
  const isMeant = (name: string) => mesh.config.removing.includes(name);
  const present = new Set(mesh.members.map(({ name }) => name));
  const leaving = Object.keys(before)
    .filter((name) => !present.has(name))
    .sort();

  const primariesBefore = Object.keys(before)
    .filter((name) => before[name]!.role === "primary")
    .sort();
  const stillPrimary = new Set(primaries(mesh).map(({ name }) => name));
  if (primariesBefore.length > 0 && !primariesBefore.some((name) => stillPrimary.has(name))) {
    return primariesBefore.every(isMeant)
      ? []
      : [
          problem(
            `${enumerate(primariesBefore)}: no primary of the mesh stays one. Nothing would serve its workloads until a new one does.`,
            primariesBefore,
            leaving,
          ),
        ];
  }
  if (leaving.length < 2 || leaving.every(isMeant)) return [];
  return [problem(`${enumerate(leaving)} would leave the mesh in one step, with everything that Weft made in them.`, leaving)];
}

function problem(message: string, ...names: string[][]): Problem {
  const all = [...new Set(names.flat())].sort();
  return {
    path: "weft:clusters",
    message,
    remedy: `Put them back. If they are meant to leave, say so: weft:mesh.removing: [${all.join(", ")}].`,
  };
}

const enumerate = (names: string[]) => names.join(", ");
