import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { KeyAlgorithm } from "../../mesh/schema";
import type { Intermediate } from "./ca";
import { caCertificateArgs, keyArgs } from "./lifetime";
import type { RootCa } from "./root-ca";

export interface IntermediateCaArgs {
  /** Name of the member whose workloads it signs. */
  member: string;
  /** The root that signs it, with its key; not needed where the intermediate is provided. */
  root?: RootCa;
  /** An existing intermediate, as PEM. @default one is generated and signed by the root. */
  provided?: { certificate: string; key: string; chain?: string };
  /** Of a generated key: another number is another key. */
  generation: number;
  /** Algorithm of a generated key. */
  algorithm: KeyAlgorithm;
  /** Days a generated intermediate is valid. */
  lifetimeDays: number;
}

/** The CA by which one member's istiod signs its workloads: signed by the root, or given as PEM. */
export class IntermediateCa extends pulumi.ComponentResource implements Intermediate {
  readonly certificate: pulumi.Output<string>;
  readonly key: pulumi.Output<string>;
  readonly issuers: pulumi.Output<string>;

  constructor(name: string, args: IntermediateCaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:IntermediateCa", name, {}, opts);

    const provided = args.provided;
    const { certificate, key } =
      provided === undefined
        ? this.generate(name, args)
        : {
            certificate: pulumi.output(provided.certificate),
            key: pulumi.secret(provided.key),
          };
    this.certificate = certificate;
    this.key = key;
    this.issuers = pulumi.output(provided?.chain ?? "");
    this.registerOutputs();
  }

  private generate(name: string, { member, root, generation, algorithm, lifetimeDays }: IntermediateCaArgs) {
    if (root?.key === undefined) {
      throw new pulumi.ResourceError(`'${member}' needs an intermediate, but its root has no key.`, this);
    }
    // The first has the names of before there were others.
    const suffix = generation === 1 ? "" : `-${generation}`;
    const key = new tls.PrivateKey(`${name}-key${suffix}`, keyArgs(algorithm), { parent: this });
    const request = new tls.CertRequest(
      `${name}-request${suffix}`,
      {
        privateKeyPem: key.privateKeyPem,
        // Subject and SAN of Istio's tools/certs.
        subject: { organization: "Istio", commonName: "Intermediate CA", locality: member },
        dnsNames: ["istiod.istio-system.svc"],
      },
      { parent: this },
    );
    const certificate = new tls.LocallySignedCert(
      `${name}-certificate${suffix}`,
      {
        certRequestPem: request.certRequestPem,
        caCertPem: root.certificate,
        caPrivateKeyPem: root.key,
        ...caCertificateArgs(lifetimeDays),
        // Only workloads below it, as Istio's tools/certs has it. (Provider 5.6.1 leaves a limit of 0 out.)
        maxPathLength: 0,
      },
      { parent: this },
    );
    return { certificate: certificate.certPem, key: key.privateKeyPem };
  }
}
