import { X509Certificate } from "node:crypto";
import type * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { crlsIn, isListOf } from "../../mesh/crl";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { joinPem } from "../../mesh/pem";
import { issuedAs, withIssued, type Issued, type Revocation } from "../../mesh/revocation";
import { algorithmOf, givenIntermediate, rootNames, rootSources, signingRoot } from "../../mesh/roots";
import type { RootSource } from "../../mesh/schema";
import type { Intermediate, Root } from "./ca";
import { cacerts, type Cacerts } from "./cacerts";
import { CertManagerInstallation, CertManagerIntermediate, CertManagerRoot } from "./cert-manager";
import { crlOf } from "./crl";
import { IntermediateCa } from "./intermediate-ca";
import { RootCa } from "./root-ca";

export interface TrustArgs {
  mesh: MeshSpec;
  revocation: Revocation;
  /** One provider per member, by the member's name. */
  providers: Record<string, kubernetes.Provider>;
}

/** The roots of the mesh, an intermediate for every member, and what each member trusts. */
export class Trust extends pulumi.ComponentResource {
  /** By name: in shared trust those of stack config, in federated trust one per primary. */
  readonly roots: Record<string, Root>;
  /** Contents of Secret `cacerts` by member. */
  readonly cacerts: Record<string, Cacerts>;
  /** By member: its intermediates that have not ended, those of before included. */
  readonly issued: Record<string, pulumi.Input<Issued[]>>;
  /** PEM of the CRLs that Weft signed; undefined where none are published. */
  readonly crls: pulumi.Output<string> | undefined;

  private readonly intermediates: Record<string, Intermediate>;
  /** PEM of the CRLs that Weft signed, by root and by member. */
  private readonly signed: { roots: Record<string, Crls>; members: Record<string, Crls> };
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
    this.intermediates = Object.fromEntries(
      mesh.members.map((member) => [member.name, this.createIntermediate(member, signingRoot(mesh, member))]),
    );
    this.signed = this.signCrls();
    const { roots, members } = this.signed;
    this.crls = args.revocation.publishes
      ? pulumi.unsecret(joined([...Object.values(roots), ...Object.values(members)]))
      : undefined;
    this.issued = { ...args.revocation.issued, ...this.issuedNow() };
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
    const { mesh } = this.args;
    const { intermediateLifetimeDays: lifetimeDays, certManager } = mesh.config.trust;
    const algorithm = algorithmOf(mesh.config, this.sources[signer]!);
    const generation = member.trust.intermediateGeneration;
    const name = `${this.name}-${member.name}-intermediate`;
    const root = this.roots[signer]!;
    const provided = givenIntermediate(mesh, member);
    if (provided === undefined && root instanceof CertManagerRoot) {
      const { namespace } = certManager!;
      return new CertManagerIntermediate(
        name,
        { member: member.name, root, rootName: signer, generation, namespace, algorithm, lifetimeDays },
        this.onManagement(),
      );
    }
    return new IntermediateCa(
      name,
      {
        member: member.name,
        root: root instanceof RootCa ? root : undefined,
        provided,
        generation,
        algorithm,
        lifetimeDays,
      },
      { parent: this },
    );
  }

  private cacertsOf(member: Member): Cacerts {
    const { mesh, revocation } = this.args;
    const names = rootNames(mesh, member.name);
    return cacerts({
      intermediate: this.intermediates[member.name]!,
      generation: member.trust.intermediateGeneration,
      trusted: Object.fromEntries(names.map((root) => [root, this.roots[root]!])),
      signingRoot: signingRoot(mesh, member),
      crls: revocation.publishes ? this.crlsUnder(names) : undefined,
    });
  }

  /**
   * The CRLs of these roots, and of all CAs below them: a proxy that has any wants one of each CA in a chain, but for the workload's own
   * certificate (X509_V_FLAG_CRL_CHECK_ALL in Envoy's source/common/tls/cert_validator/default_validator.cc), and istiod of each in its
   * own (Verify in security/pkg/pki/util/keycertbundle.go).
   */
  private crlsUnder(roots: string[]): pulumi.Output<string> {
    const { mesh } = this.args;
    const below = mesh.members.filter((member) => roots.includes(signingRoot(mesh, member)));
    return joined([
      ...roots.flatMap((root) => [this.givenCrls(root), this.signed.roots[root] ?? ""]),
      ...below.map(({ name }) => this.signed.members[name] ?? ""),
    ]);
  }

  private givenCrls(root: string): string {
    const source = this.sources[root]!;
    return source.source === "generated" ? "" : (source.crl ?? "");
  }

  /** Those of the roots revoke intermediates, those of the intermediates nobody. */
  private signCrls(): Trust["signed"] {
    const { mesh, revocation } = this.args;
    if (!revocation.publishes) return { roots: {}, members: {} };
    const roots = Object.entries(this.roots).flatMap(([name, root]) => {
      if (!(root instanceof RootCa) || root.key === undefined) return [];
      const serials = revocation.revoked.filter(({ root: of = name }) => of === name);
      const signed = this.signCrl(
        root.certificate,
        root.key,
        serials.map(({ serial }) => serial),
      );
      return [[name, withoutGiven(signed, root.certificate, this.givenCrls(name))] as const];
    });
    const members = mesh.members
      // A remote that has the intermediate of its primary has its CRL, too.
      .filter((member) => givenIntermediate(mesh, member) === member.trust.intermediate)
      .map(({ name }) => {
        const { certificate, key } = this.intermediates[name]!;
        return [name, this.signCrl(certificate, key, [])] as const;
      });
    return { roots: Object.fromEntries(roots), members: Object.fromEntries(members) };
  }

  private signCrl(certificate: pulumi.Output<string>, key: pulumi.Output<string>, serials: string[]): Crls {
    const { mesh, revocation } = this.args;
    const { intermediateLifetimeDays: lifetimeDays } = mesh.config.trust;
    const { crls: before, now } = revocation;
    return pulumi
      .all([certificate, key])
      .apply(([pem, secret]) =>
        crlOf({ certificate: pem, key: secret, serials: [...new Set(serials)], before, lifetimeDays, now }),
      );
  }

  private issuedNow(): Record<string, pulumi.Output<Issued[]>> {
    const { mesh, revocation } = this.args;
    return Object.fromEntries(
      mesh.members.map((member) => {
        const { name, trust } = member;
        const root = signingRoot(mesh, member);
        const issued = this.intermediates[name]!.certificate.apply((pem) =>
          withIssued(
            revocation.issued[name] ?? [],
            issuedAs(new X509Certificate(pem), trust.intermediateGeneration, root),
          ),
        );
        return [name, issued];
      }),
    );
  }

  private onManagement(): pulumi.ComponentResourceOptions {
    const { cluster } = this.args.mesh.config.trust.certManager!;
    return { parent: this, providers: [this.args.providers[cluster]!] };
  }
}

type Crls = pulumi.Output<string>;

/** One file of them all. */
function joined(crls: (Crls | string)[]): Crls {
  return pulumi.all(crls).apply((texts) => joinPem(texts.filter((text) => text !== "")));
}

/** Nothing where the person who holds the CA has given its list. */
function withoutGiven(signed: Crls, certificate: pulumi.Output<string>, given: string): Crls {
  if (given === "") return signed;
  return pulumi.all([signed, certificate]).apply(([own, pem]) => {
    const ca = new X509Certificate(pem);
    return crlsIn(given).some((crl) => isListOf(crl, ca)) ? "" : own;
  });
}
