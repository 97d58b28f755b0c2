/** Intermediates that nobody is to trust any more, and the lists that say so. Pure. */
import { parse } from "./certificates";
import { crlsIn, serialNumber } from "./crl";
import type { LastUp } from "./last-up";
import type { LiveMember } from "./live-member";
import type { MeshSpec } from "./mesh-spec";
import { signingRoot } from "./roots";
import type { ClusterConfig, MeshConfig } from "./schema";

/** An intermediate that signed, or signs, the workloads of a member. */
export interface Issued {
  /** As `serialNumber` writes it. */
  serial: string;
  /** Generation of its key. */
  generation: number;
  /** Name of the root that it leads to. */
  root: string;
  /** End of its validity, ISO 8601. */
  ends: string;
}

/** A serial number that the list of a CA names. */
export interface Revoked {
  serial: string;
  /** Name of the root whose list it stands in; undefined where it is not known: then in the lists of all. */
  root?: string;
}

/** What an `up` has to know of those before it, to say who is revoked. */
export interface Revocation {
  /** Whether the istiods are given lists; without, nobody is revoked. */
  publishes: boolean;
  revoked: Revoked[];
  /** By member, those that have left included: its intermediates that have not ended, as far as they are known from before. */
  issued: Record<string, Issued[]>;
  /** PEM. The lists that Weft had signed, to be kept while they are good. */
  crls: string;
  now: Date;
}

/** @param live what is there before this `up`. */
export function revocationOf(mesh: MeshSpec, last: LastUp, live: LiveMember[], now: Date): Revocation {
  const { revoked } = mesh.config.trust;
  const issued = issuedBefore(mesh, last, live, now);
  return {
    publishes: revoked !== undefined,
    revoked: (revoked ?? []).flatMap((entry): Revoked[] =>
      "serial" in entry
        ? [ofSerial(entry.serial, issued)]
        : (issued[entry.member] ?? []).filter(
            ({ generation }) => generation <= revokedGeneration(mesh, entry.member),
          ),
    ),
    issued,
    crls: last.mesh.crls ?? "",
    now,
  };
}

function ofSerial(serial: string, issued: Record<string, Issued[]>): Revoked {
  const known = Object.values(issued)
    .flat()
    .find((other) => other.serial === serial);
  return { serial, root: known?.root };
}

/** What the last `up` wrote down, and what the members have: an `up` that failed since wrote nothing down. */
function issuedBefore(mesh: MeshSpec, last: LastUp, live: LiveMember[], now: Date): Record<string, Issued[]> {
  const found = new Map(Object.entries(last.mesh.issued));
  for (const { name, intermediate, intermediateGeneration: generation = 1, signingRoot: root } of live) {
    const [certificate] = parse(intermediate ?? "");
    const member = mesh.members.find((other) => other.name === name);
    if (certificate === undefined || member === undefined) continue;
    const own = issuedAs(certificate, generation, root ?? signingRoot(mesh, member));
    found.set(name, withIssued(found.get(name) ?? [], own));
  }
  return Object.fromEntries(
    [...found].flatMap(([name, all]) => {
      const valid = all.filter(({ ends }) => new Date(ends) > now);
      return valid.length === 0 ? [] : [[name, valid]];
    }),
  );
}

/** The same list where the intermediate is in it already. */
export function withIssued(issued: Issued[], own: Issued): Issued[] {
  return issued.some(({ serial }) => serial === own.serial) ? issued : [...issued, own];
}

export function issuedAs(
  { serialNumber: serial, validTo }: { serialNumber: string; validTo: string },
  generation: number,
  root: string,
): Issued {
  return { serial: serialNumber(serial), generation, root, ends: new Date(validTo).toISOString() };
}

/** The serial numbers that the lists of the last `up` revoke. */
export function revokedBefore(last: LastUp): Set<string> {
  return new Set(crlsIn(last.mesh.crls ?? "").flatMap(({ revoked }) => [...revoked.keys()]));
}

type Generations = Pick<MeshConfig["trust"], "revoked" | "intermediateGeneration">;
type Named = { name: string; trust: Pick<ClusterConfig["trust"], "intermediateGeneration"> };

/** Whether `trust.revoked` names the member. */
export function isRevoked({ revoked = [] }: Pick<Generations, "revoked">, member: string): boolean {
  return revoked.some((entry) => "member" in entry && entry.member === member);
}

/** Generation of a member's intermediate: where the one of stack config is revoked, the next. */
export function intermediateGeneration(trust: Generations, { name, trust: own }: Named): number {
  return (own.intermediateGeneration ?? trust.intermediateGeneration) + (isRevoked(trust, name) ? 1 : 0);
}

/** The last generation of a revoked member that is revoked. */
function revokedGeneration({ members }: MeshSpec, name: string): number {
  const member = members.find((other) => other.name === name);
  return member === undefined ? Infinity : member.trust.intermediateGeneration - 1;
}

/**
 * How many times the token of a member is renewed for what is revoked: a token by which a revoked member is read, or by which it reads
 * others, is in the hands of whoever has its key. One that has left may have been a primary.
 */
export function tokenRenewals(
  trust: Generations,
  clusters: (Named & Pick<ClusterConfig, "role">)[],
  member: string,
): number {
  const revoked = (trust.revoked ?? []).flatMap((entry) => ("member" in entry ? [entry.member] : []));
  return [...new Set(revoked)]
    .map(
      (name) =>
        clusters.find((cluster) => cluster.name === name) ?? { name, role: "primary" as const, trust: {} },
    )
    .filter(({ name, role }) => name === member || role === "primary")
    .map(({ trust: own }) => own.intermediateGeneration ?? trust.intermediateGeneration)
    .reduce((sum, generation) => sum + generation, 0);
}
