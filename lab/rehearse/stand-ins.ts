/** Stand-ins for the certificates and keys of a stack: the rehearsal has no way to decrypt its own, and no need for them. */
import { createHash } from "node:crypto";
import { type Certified, certifyCa } from "../certificates";

/** A CA as stack config has it. */
export type StandInCa = Pick<Certified, "certificate" | "key">;

/** The same original always gets the same stand-in, so that what a step leaves alone is left alone, and what it swaps is swapped. */
export class StandIns {
  private readonly authorities = new Map<string, Promise<Certified>>();
  private readonly ranges = new Map<string, number>();

  /** @param original the certificate, as it is written: PEM, or its encrypted form. */
  root(original: unknown): Promise<StandInCa> {
    return this.authority(original);
  }

  /** @param issuer the original of its root. */
  async intermediate(original: unknown, issuer: unknown): Promise<StandInCa> {
    return this.authority(original, await this.authority(issuer));
  }

  /** For an encrypted text of any other meaning. */
  text(encrypted: string): string {
    return `stand-in-${digest(encrypted)}`;
  }

  /** A range of a member's own, in the place of one that would be cut from a container network. */
  addresses(member: string): string {
    const number = this.ranges.get(member) ?? this.ranges.size;
    this.ranges.set(member, number);
    return `10.255.${number}.1-10.255.${number}.254`;
  }

  private authority(original: unknown, issuer?: Certified): Promise<Certified> {
    const id = digest(JSON.stringify(original) ?? "none");
    const known = this.authorities.get(id) ?? certifyCa(`CN=Stand-in ${id}`, issuer);
    this.authorities.set(id, known);
    return known;
  }
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
