/** What istiod reads from Secret `cacerts`. https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { joinPem, type IntermediateCa } from "./intermediate-ca";
import type { RootCa } from "./root-ca";

export interface Cacerts {
  /** Contents of the Secret by file name; secret. */
  files: pulumi.Output<Record<string, string>>;
  /** Names of the roots in the bundle. */
  roots: string[];
  /** SHA-256 of the bundle: changes when, and only when, the set of trusted certificates does. */
  fingerprint: pulumi.Output<string>;
}

/** @param trusted the roots of the bundle by name; their order in the bundle is that of their names. */
export function cacerts(intermediate: IntermediateCa, trusted: Record<string, RootCa>): Cacerts {
  const roots = Object.keys(trusted).sort();
  const bundle = pulumi.all(roots.map((name) => trusted[name]!.certificate)).apply(joinPem);
  return {
    files: pulumi.secret<Record<string, pulumi.Input<string>>>({
      "ca-cert.pem": intermediate.certificate,
      "ca-key.pem": intermediate.key,
      "cert-chain.pem": intermediate.chain,
      "root-cert.pem": bundle,
    }),
    roots,
    fingerprint: bundle.apply((pem) => createHash("sha256").update(pem).digest("hex")),
  };
}
