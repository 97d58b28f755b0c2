/** The step from a live mesh to the one in stack config. */
import type { LastUp } from "../last-up";
import type { LiveMember, KnownAddress } from "../live-member";
import type { Member, MeshSpec } from "../mesh-spec";
import type { Problem } from "../problems";

export interface Step {
  mesh: MeshSpec;
  /** What the last `up` left. */
  last: LastUp;
  /** What is there now, by member; what is not in it is not known. */
  live: ReadonlyMap<string, LiveMember>;
  /** Where the peers are to reach each member's API server; what is not in it is not known. */
  peerAddresses: ReadonlyMap<string, KnownAddress>;
  now: Date;
}

/** What must not be done in one step, of one kind. */
export type Check = (step: Step) => Problem[];

/** The problems of every member that is known to be there. */
export function ofMembers(check: (member: Member, now: LiveMember, step: Step) => Problem[]): Check {
  return (step) =>
    step.mesh.members.flatMap((member) => {
      const now = step.live.get(member.name);
      return now === undefined ? [] : check(member, now, step);
    });
}
