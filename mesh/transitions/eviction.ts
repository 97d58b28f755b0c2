/** Members whose cluster is gone. */
import type { Problem } from "../problems";
import { didYouMean } from "../schema-problems";
import type { Step } from "./step";

/** A slip of the pen would leave the member that is meant in the mesh, and the `up` would wait for it. */
export function unknownEvicted({ mesh, last }: Step): Problem[] {
  const known = [...Object.keys(last.members), ...last.mesh.evicted];
  return mesh.evicted
    .filter(({ name, entry }) => entry === undefined && !known.includes(name))
    .map(({ name }) => ({
      path: "weft:mesh.evicting",
      value: name,
      message: "It is neither in `weft:clusters` nor a member that the last `pulumi up` left.",
      remedy: [didYouMean(name, known).remedy, "Correct it, or take it out."].filter(Boolean).join(" "),
    }));
}
