/** What every root and every intermediate offers, wherever it comes from. */
import { X509Certificate } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";

export interface Root {
  /** PEM of the certificate. */
  readonly certificate: pulumi.Output<string>;
  /** SHA-256 of the certificate, as openssl prints it. */
  readonly fingerprint: pulumi.Output<string>;
  /** End of its validity, ISO 8601. */
  readonly expiry: pulumi.Output<string>;
}

export interface Intermediate {
  /** PEM of the certificate. */
  readonly certificate: pulumi.Output<string>;
  /** PEM of the private key, secret. */
  readonly key: pulumi.Output<string>;
  /** PEM of the certificates above this one; may end with the root, and is empty where the root signed it. */
  readonly issuers: pulumi.Output<string>;
}

export function fingerprintOf(certificate: pulumi.Output<string>): pulumi.Output<string> {
  return certificate.apply((pem) => new X509Certificate(pem).fingerprint256);
}

export function expiryOf(certificate: pulumi.Output<string>): pulumi.Output<string> {
  return certificate.apply((pem) => new Date(new X509Certificate(pem).validTo).toISOString());
}
