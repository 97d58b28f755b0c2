import * as pulumi from "@pulumi/pulumi";
import type { Member, Mesh } from "../../mesh/mesh";
import { rootNames, sharedRoots } from "../../mesh/roots";
import { cacerts, type Cacerts } from "./cacerts";
import { IntermediateCa } from "./intermediate-ca";
import { RootCa } from "./root-ca";

export interface TrustArgs {
  mesh: Mesh;
}

/** The roots of the mesh, an intermediate for every member, and what each member trusts. */
export class Trust extends pulumi.ComponentResource {
  /** By name: in shared trust those of stack config, in federated trust one per member. */
  readonly roots: Record<string, RootCa>;
  /** What is worth showing of them. */
  readonly summary: { root: RootSummary } | { roots: Record<string, RootSummary> };
  /** Contents of Secret `cacerts` by member. */
  readonly cacerts: Record<string, Cacerts>;

  constructor(name: string, { mesh }: TrustArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:Trust", name, {}, opts);
    const { mode, algorithm, rootLifetimeDays, intermediateLifetimeDays } = mesh.config.trust;

    const provided = mode === "shared" ? providedRoots(mesh) : ownRoots(mesh);
    this.roots = mapValues(
      provided,
      (root, given) =>
        new RootCa(
          `${name}-${root}`,
          { root, provided: given, algorithm, lifetimeDays: rootLifetimeDays },
          { parent: this },
        ),
    );

    const intermediateOf = (member: Member) =>
      new IntermediateCa(
        `${name}-${member.name}-intermediate`,
        {
          member: member.name,
          root: this.roots[mode === "shared" ? signingRoot(mesh) : member.name]!,
          provided: member.trust.intermediate,
          algorithm,
          lifetimeDays: intermediateLifetimeDays,
        },
        { parent: this },
      );
    this.cacerts = Object.fromEntries(
      mesh.members.map((member) => [
        member.name,
        cacerts(
          intermediateOf(member),
          Object.fromEntries(rootNames(mesh, member.name).map((root) => [root, this.roots[root]!])),
        ),
      ]),
    );
    const summaries = mapValues(this.roots, (_, { fingerprint, expiry }) => ({ fingerprint, expiry }));
    this.summary = mode === "shared" ? { root: summaries[signingRoot(mesh)]! } : { roots: summaries };
    this.registerOutputs();
  }
}

interface RootSummary {
  /** SHA-256 of the certificate, as openssl prints it. */
  fingerprint: pulumi.Output<string>;
  /** End of its validity, ISO 8601. */
  expiry: pulumi.Output<string>;
}

type ProvidedRoot = { certificate: string; key?: string } | undefined;

/** Roots of shared trust by name; undefined: to be generated. */
function providedRoots({ config }: Mesh): Record<string, ProvidedRoot> {
  return Object.fromEntries(
    sharedRoots(config).map((root) => [root.name, root.source === "provided" ? root : undefined]),
  );
}

/** Roots of federated trust by member; undefined: to be generated. */
function ownRoots({ members }: Mesh): Record<string, ProvidedRoot> {
  return Object.fromEntries(members.map(({ name, trust }) => [name, trust.root]));
}

/** Name of the root that signs in shared trust. */
function signingRoot({ config }: Mesh): string {
  return sharedRoots(config).find(({ signing }) => signing)!.name;
}

function mapValues<T, U>(record: Record<string, T>, map: (key: string, value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
