import * as pulumi from "@pulumi/pulumi";
import type { Member, Mesh } from "../../mesh/mesh";
import { rootNames, sharedRoots, signingRoot } from "../../mesh/roots";
import { primaries } from "../../mesh/topology";
import { cacerts, type Cacerts } from "./cacerts";
import { IntermediateCa } from "./intermediate-ca";
import { RootCa } from "./root-ca";

export interface TrustArgs {
  mesh: Mesh;
}

/** The roots of the mesh, an intermediate for every member, and what each member trusts. */
export class Trust extends pulumi.ComponentResource {
  /** By name: in shared trust those of stack config, in federated trust one per primary. */
  readonly roots: Record<string, RootCa>;
  /** Contents of Secret `cacerts` by member. */
  readonly cacerts: Record<string, Cacerts>;

  constructor(name: string, { mesh }: TrustArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:Trust", name, {}, opts);
    const { mode, algorithm, rootLifetimeDays } = mesh.config.trust;

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

    this.cacerts = Object.fromEntries(
      mesh.members.map((member) => [member.name, this.cacertsOf(name, mesh, member)]),
    );
    this.registerOutputs();
  }

  private cacertsOf(name: string, mesh: Mesh, member: Member): Cacerts {
    const { algorithm, intermediateLifetimeDays } = mesh.config.trust;
    const signer = signingRoot(mesh, member);
    const intermediate = new IntermediateCa(
      `${name}-${member.name}-intermediate`,
      {
        member: member.name,
        root: this.roots[signer]!,
        provided: member.trust.intermediate,
        algorithm,
        lifetimeDays: intermediateLifetimeDays,
      },
      { parent: this },
    );
    const trusted = rootNames(mesh, member.name).map((root) => [root, this.roots[root]!]);
    return cacerts(intermediate, Object.fromEntries(trusted) as Record<string, RootCa>, signer);
  }
}

type ProvidedRoot = { certificate: string; key?: string } | undefined;

/** Roots of shared trust by name; undefined: to be generated. */
function providedRoots({ config }: Mesh): Record<string, ProvidedRoot> {
  return Object.fromEntries(
    sharedRoots(config).map((root) => [root.name, root.source === "provided" ? root : undefined]),
  );
}

/** Roots of federated trust by primary; undefined: to be generated. */
function ownRoots(mesh: Mesh): Record<string, ProvidedRoot> {
  return Object.fromEntries(primaries(mesh).map(({ name, trust }) => [name, trust.root]));
}

function mapValues<T, U>(record: Record<string, T>, map: (key: string, value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(key, value)]));
}
