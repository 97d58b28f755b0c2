/** All members at one moment, as their objects tell. Pure. */
import type { Facts, Held, Root } from "./facts";
import type { Sighting } from "./feed";

type Of<Kind extends Facts["kind"]> = Extract<Facts, { kind: Kind }>;

export class World {
  private constructor(private readonly objects: ReadonlyMap<string, Sighting>) {}

  /** After these. */
  static of(sightings: Sighting[]): World {
    return sightings.reduce((world, sighting) => world.with(sighting), new World(new Map()));
  }

  /** After one more event. */
  with(sighting: Sighting): World {
    const { member, kind, name, facts } = sighting;
    const objects = new Map(this.objects);
    if (facts === undefined) objects.delete(`${member}/${kind}/${name}`);
    else objects.set(`${member}/${kind}/${name}`, sighting);
    return new World(objects);
  }

  /** What is known of an object before an event about it; undefined where there is none. */
  factsOf({ member, kind, name }: Sighting): Facts | undefined {
    return this.objects.get(`${member}/${kind}/${name}`)?.facts;
  }

  /** The only object of this kind in a member; undefined where there is none. */
  one<Kind extends Facts["kind"]>(member: string, kind: Kind): Of<Kind> | undefined {
    return this.of(member, kind)[0];
  }

  /** Roots that the member's workloads are told to trust. */
  trusted(member: string): Root[] {
    return this.one(member, "Served")?.roots ?? [];
  }

  /** What the reader's istiods hold, by peer; undefined where none has ever answered. */
  held(reader: string): Record<string, Held> | undefined {
    return this.one(reader, "Istiod")?.peers;
  }

  /** Digest of the token that the reader holds for each peer. */
  keys(reader: string): Record<string, string> {
    return Object.assign({}, ...this.of(reader, "PeerSecret").map(({ tokens }) => tokens)) as Record<
      string,
      string
    >;
  }

  /** Whether the member's API server accepts the token: it does as long as the Secret that it was issued in is there. */
  accepts(member: string, token: string): boolean {
    return this.of(member, "Token").some((issued) => issued.token === token);
  }

  /** Pods that are ready. */
  ready(member: string, runs: Of<"Deployment">["runs"]): number {
    return this.of(member, "Deployment").reduce(
      (sum, { ready, runs: what }) => (what === runs ? sum + ready : sum),
      0,
    );
  }

  hasObject(member: string, kind: string, name: string): boolean {
    return this.objects.has(`${member}/${kind}/${name}`);
  }

  private of<Kind extends Facts["kind"]>(member: string, kind: Kind): Of<Kind>[] {
    return [...this.objects.values()].flatMap(({ member: owner, facts }) =>
      owner === member && facts?.kind === kind ? [facts as Of<Kind>] : [],
    );
  }
}
