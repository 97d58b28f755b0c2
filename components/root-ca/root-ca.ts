import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { madeRootSubject } from "../../mesh/certificates";
import type { KeyAlgorithm } from "../../mesh/schema";
import { expiryOf, fingerprintOf, type Root } from "./ca";
import { caCertificateArgs, keyArgs } from "./lifetime";

export interface RootCaArgs {
  /** Name of the root in stack config, or the member's in federated trust; part of a generated root's subject. */
  root: string;
  /** An existing root, as PEM. Without its key it only is trusted. @default a root is generated. */
  provided?: { certificate: string; key?: string };
  /** Algorithm of a generated key. */
  algorithm: KeyAlgorithm;
  /** Days a generated root is valid. */
  lifetimeDays: number;
}

/** A root of trust: generated, or given as PEM. */
export class RootCa extends pulumi.ComponentResource implements Root {
  readonly certificate: pulumi.Output<string>;
  /** PEM of the private key, secret; undefined where only the certificate was given. */
  readonly key: pulumi.Output<string> | undefined;
  readonly fingerprint: pulumi.Output<string>;
  readonly expiry: pulumi.Output<string>;

  constructor(name: string, args: RootCaArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:root-ca:RootCa", name, {}, opts);

    const { certificate, key } =
      args.provided === undefined ? this.generate(name, args) : provide(args.provided);
    this.certificate = certificate;
    this.key = key;
    this.fingerprint = fingerprintOf(certificate);
    this.expiry = expiryOf(certificate);
    this.registerOutputs({ fingerprint: this.fingerprint, expiry: this.expiry });
  }

  /**
   * The key outlives the certificate: a root that is reissued before it expires keeps its key and subject, so that
   * what was signed before is valid under the new certificate, and what is signed after under the old.
   */
  private generate(name: string, { root, algorithm, lifetimeDays }: RootCaArgs) {
    const key = new tls.PrivateKey(`${name}-key`, keyArgs(algorithm), { parent: this });
    const certificate = new tls.SelfSignedCert(
      `${name}-certificate`,
      {
        privateKeyPem: key.privateKeyPem,
        subject: madeRootSubject(root),
        ...caCertificateArgs(lifetimeDays),
      },
      { parent: this },
    );
    return { certificate: certificate.certPem, key: key.privateKeyPem };
  }
}

function provide({ certificate, key }: { certificate: string; key?: string }) {
  return {
    certificate: pulumi.output(certificate),
    key: key === undefined ? undefined : pulumi.secret(key),
  };
}
