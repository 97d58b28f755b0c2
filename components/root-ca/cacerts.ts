/** What istiod reads from Secret `cacerts`. https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { joinPem } from "../../mesh/pem";
import type { Intermediate, Root } from "./ca";
import { chainOf } from "./pem";

export interface Cacerts {
  /** Contents of the Secret by file name; secret. */
  files: pulumi.Output<Record<string, string>>;
  /** Names of the roots in the bundle, sorted. */
  roots: string[];
  /** Name of the root that signs. */
  signingRoot: string;
  /** SHA-256 of the bundle: it changes when, and only when, the trusted certificates do. */
  fingerprint: pulumi.Output<string>;
}

/**
 * @param trusted the roots of the bundle by name; their order in the bundle is that of their names.
 * @param signingRoot name of one of them.
 */
export function cacerts(
  intermediate: Intermediate,
  trusted: Record<string, Root>,
  signingRoot: string,
): Cacerts {
  const roots = Object.keys(trusted).sort();
  const certificates = pulumi.all(roots.map((name) => trusted[name]!.certificate));
  const bundle = certificates.apply(joinPem);
  return {
    files: pulumi.secret<Record<string, pulumi.Input<string>>>({
      "ca-cert.pem": intermediate.certificate,
      "ca-key.pem": intermediate.key,
      "cert-chain.pem": pulumi
        .all([intermediate.certificate, intermediate.issuers, certificates])
        .apply(([certificate, issuers, candidates]) => chainOf(certificate, issuers, candidates)),
      "root-cert.pem": bundle,
    }),
    roots,
    signingRoot,
    fingerprint: bundle.apply((pem) => createHash("sha256").update(pem).digest("hex")),
  };
}
