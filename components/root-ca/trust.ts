import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { algorithmOf, rootNames, rootSources, signingRoot } from "../../mesh/roots";
import type { RootSource } from "../../mesh/schema";
import type { Intermediate, Root } from "./ca";
import { cacerts, type Cacerts } from "./cacerts";
import { CertManagerInstallation, CertManagerIntermediate, CertManagerRoot } from "./cert-manager";
import { IntermediateCa } from "./intermediate-ca";
import { RootCa } from "./root-ca";

export interface TrustArgs {
  mesh: MeshSpec;
  /** One provider per member, by the member's name. */
  providers: Record<string, kubernetes.Provider>;
}

/** The roots of the mesh, an intermediate for every member, and what each member trusts. */
export class Trust extends pulumi.ComponentResource {
  /** By name: in shared trust those of stack config, in federated trust one per primary. */
  readonly roots: Record<string, Root>;
  /** Contents of Secret `cacerts` by member. */
  readonly cacerts: Record<string, Cacerts>;

  private readonly sources: Record<string, RootSource>;

  constructor(
    private readonly name: string,
    private readonly args: TrustArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("weft:root-ca:Trust", name, {}, opts);
    const { mesh } = args;

    const installed = this.installCertManager();
    this.sources = rootSources(mesh);
    this.roots = Object.fromEntries(
      Object.entries(this.sources).map(([root, source]) => [root, this.createRoot(root, source, installed)]),
    );
    this.cacerts = Object.fromEntries(mesh.members.map((member) => [member.name, this.cacertsOf(member)]));
    this.registerOutputs();
  }

  private installCertManager(): pulumi.Resource[] {
    const { certManager } = this.args.mesh.config.trust;
    if (certManager?.install !== true) return [];
    return [
      new CertManagerInstallation(
        `${this.name}-cert-manager`,
        { namespace: certManager.namespace, provider: this.args.providers[certManager.cluster]! },
        { parent: this },
      ),
    ];
  }

  private createRoot(root: string, source: RootSource, installed: pulumi.Resource[]): Root {
    const { config } = this.args.mesh;
    const { rootLifetimeDays: lifetimeDays } = config.trust;
    const algorithm = algorithmOf(config, source);
    const name = `${this.name}-${root}`;
    if (source.source === "certManager") {
      const { namespace } = config.trust.certManager!;
      return new CertManagerRoot(
        name,
        { root, namespace, algorithm, lifetimeDays, after: installed },
        this.onManagement(),
      );
    }
    const provided = source.source === "provided" ? source : undefined;
    return new RootCa(name, { root, provided, algorithm, lifetimeDays }, { parent: this });
  }

  private createIntermediate(member: Member, signer: string): Intermediate {
    const { config } = this.args.mesh;
    const { intermediateLifetimeDays: lifetimeDays, certManager } = config.trust;
    const algorithm = algorithmOf(config, this.sources[signer]!);
    const name = `${this.name}-${member.name}-intermediate`;
    const root = this.roots[signer]!;
    const provided = this.providedTo(member, root);
    if (provided === undefined && root instanceof CertManagerRoot) {
      const { namespace } = certManager!;
      return new CertManagerIntermediate(
        name,
        { member: member.name, root, rootName: signer, namespace, algorithm, lifetimeDays },
        this.onManagement(),
      );
    }
    return new IntermediateCa(
      name,
      {
        member: member.name,
        root: root instanceof RootCa ? root : undefined,
        provided,
        algorithm,
        lifetimeDays,
      },
      { parent: this },
    );
  }

  /** Nothing can sign a CA for a remote where the root has no key: it has that of the istiod which signs its workloads. */
  private providedTo({ role, primary, trust }: Member, root: Root): Member["trust"]["intermediate"] {
    if (role === "primary" || !(root instanceof RootCa) || root.key !== undefined) return trust.intermediate;
    return this.args.mesh.members.find(({ name }) => name === primary)!.trust.intermediate;
  }

  private cacertsOf(member: Member): Cacerts {
    const signer = signingRoot(this.args.mesh, member);
    const trusted = rootNames(this.args.mesh, member.name).map((root) => [root, this.roots[root]!] as const);
    return cacerts(this.createIntermediate(member, signer), Object.fromEntries(trusted), signer);
  }

  private onManagement(): pulumi.ComponentResourceOptions {
    const { cluster } = this.args.mesh.config.trust.certManager!;
    return { parent: this, providers: [this.args.providers[cluster]!] };
  }
}
