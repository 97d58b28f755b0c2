/** What istiod reads from Secret `cacerts`. https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { joinPem } from "../../mesh/pem";
import type { Intermediate, Root } from "./ca";
import { chainOf } from "./certificate-chain";

export interface Cacerts {
  /** Contents of the Secret by file name; secret. */
  files: Record<string, pulumi.Output<string>>;
  /** Names of the roots in the bundle, sorted. */
  roots: string[];
  /** Name of the root that signs. */
  signingRoot: string;
  /** Generation of the intermediate. */
  generation: number;
  /** Whether it holds CRLs. */
  hasCrls: boolean;
  /** SHA-256 of the bundle: it changes when, and only when, the trusted certificates do. */
  fingerprint: pulumi.Output<string>;
}

export interface CacertsArgs {
  intermediate: Intermediate;
  generation: number;
  /** The roots of the bundle by name; their order in the bundle is that of their names. */
  trusted: Record<string, Root>;
  /** Name of one of them. */
  signingRoot: string;
  /** PEM of the CRLs of every CA that the member may meet. @default none */
  crls?: pulumi.Output<string>;
}

export function cacerts({ intermediate, generation, trusted, signingRoot, crls }: CacertsArgs): Cacerts {
  const { certificate, key, issuers } = intermediate;
  const roots = Object.keys(trusted).sort();
  const certificates = pulumi.all(roots.map((name) => trusted[name]!.certificate));
  const bundle = certificates.apply(joinPem);
  const chain = pulumi
    .all([certificate, issuers, trusted[signingRoot]!.certificate])
    .apply(([own, above, signer]) => {
      const found = chainOf(own, above, [signer]);
      // The other roots are asked only where it is needed: in a preview that of a joining member is unknown.
      return found === undefined
        ? certificates.apply((candidates) => leading(chainOf(own, above, candidates)))
        : pulumi.output(found);
    });
  return {
    files: {
      "ca-cert.pem": pulumi.secret(certificate),
      "ca-key.pem": pulumi.secret(key),
      "cert-chain.pem": pulumi.secret(chain),
      "root-cert.pem": pulumi.secret(bundle),
      ...(crls && { "ca-crl.pem": pulumi.secret(crls) }),
    },
    roots,
    signingRoot,
    generation,
    hasCrls: crls !== undefined,
    fingerprint: bundle.apply((pem) => createHash("sha256").update(pem).digest("hex")),
  };
}

function leading(chain: string | undefined): string {
  if (chain === undefined) throw new Error("The intermediate's chain leads to none of the trusted roots.");
  return chain;
}
