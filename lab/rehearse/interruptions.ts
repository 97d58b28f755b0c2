/** From what was seen during a step to what it interrupted. Pure. */
import { isDeepStrictEqual } from "node:util";
import type { MeshSpec } from "../../mesh/mesh-spec";
import { type Expectation, expectations, type Kind, type Roles } from "./expectations";
import type { Sighting } from "./feed";
import type { Watched } from "./watch";
import { World } from "./world";

/** A change that matters to trust or reach. */
export interface Event extends Sighting {
  /** From 1, in the order in which they happened, over all members. */
  number: number;
  /** What was known of the object before; undefined: it was not there. */
  was?: Sighting["facts"];
}

export interface Interruption {
  kind: Kind;
  member: string;
  what: string;
  /** Number of the event that interrupted. */
  from: number;
  /** Number of the event that restored it; undefined: it stays so. */
  until?: number;
}

/** The sightings that changed something, numbered. */
export function eventsOf(watched: Watched): Event[] {
  const events: Event[] = [];
  let world = World.of(watched.before);
  for (const sighting of watched.after) {
    const was = world.factsOf(sighting);
    world = world.with(sighting);
    if (!isDeepStrictEqual(was, sighting.facts)) events.push({ ...sighting, was, number: events.length + 1 });
  }
  return events;
}

/** What did not hold at some moment of the step, and did before it. In the order in which it began. */
export function interruptionsOf(watched: Watched, before: Roles, mesh: MeshSpec): Interruption[] {
  const start = World.of(watched.before);
  const open = new Map<Expectation, Interruption>();
  const found: Interruption[] = [];
  const kept = expectations(before, mesh, start).filter(
    (expectation) => expectation.broken(start) === undefined,
  );
  let world = start;
  for (const event of eventsOf(watched)) {
    world = world.with(event);
    for (const expectation of kept.filter(({ members }) => members.includes(event.member))) {
      const what = expectation.broken(world);
      const interruption = open.get(expectation);
      if (what !== undefined && interruption === undefined) {
        const { kind, members } = expectation;
        const begun: Interruption = { kind, member: members[0]!, what, from: event.number };
        open.set(expectation, begun);
        found.push(begun);
      } else if (what === undefined && interruption !== undefined) {
        interruption.until = event.number;
        open.delete(expectation);
      }
    }
  }
  return found;
}
