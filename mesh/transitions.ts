/** What must not be done from the live mesh in one step. */
import { lastUp, type LastUp } from "./last-up";
import type { LiveMember, KnownAddress } from "./live-member";
import type { MeshSpec } from "./mesh-spec";
import type { Problem } from "./problems";
import { changes } from "./transitions/changes";
import { isAnotherCluster } from "./transitions/members";

/** What is known before an `up`; nothing is said of what is not known. */
export interface Before {
  last?: LastUp;
  live?: LiveMember[];
  /** By member: where its peers are to reach its API server. */
  peerAddresses?: ReadonlyMap<string, KnownAddress>;
  /** What has ended by then counts no more. @default this moment */
  now?: Date;
}

/** Problems of going from there to this mesh in one `up`. None for what is installed for the first time. */
export function checkTransition(before: Before, mesh: MeshSpec): Problem[] {
  const step = stepTo(mesh, before);
  const problems = changes.flatMap(({ problems: found }) => found?.(step) ?? []);
  // Several members may run into one setting of the mesh.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}

/** Members that count as rebuilt and of which the state may still say that they are there: this run may be without `--refresh`. */
export function stillToBeForgotten(before: Before, mesh: MeshSpec): string[] {
  const step = stepTo(mesh, before);
  return mesh.config.rebuilt.filter((name) => isAnotherCluster({ name }, step));
}

function stepTo(
  mesh: MeshSpec,
  { last = lastUp({}), live = [], peerAddresses = new Map(), now = new Date() }: Before,
) {
  return { mesh, last, live: new Map(live.map((member) => [member.name, member])), peerAddresses, now };
}
