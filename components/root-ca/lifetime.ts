/** Keys and lifetimes of generated CAs. */
import type * as tls from "@pulumi/tls";
import type { KeyAlgorithm } from "../../mesh/schema";

export function keyArgs(algorithm: KeyAlgorithm): tls.PrivateKeyArgs {
  return algorithm === "RSA-4096"
    ? { algorithm: "RSA", rsaBits: 4096 }
    : { algorithm: "ECDSA", ecdsaCurve: "P256" };
}

/** What the certificates of roots and intermediates have in common. */
export function caCertificateArgs(lifetimeDays: number) {
  return {
    isCaCertificate: true,
    setSubjectKeyId: true,
    allowedUses: [
      "digital_signature",
      "content_commitment",
      "key_encipherment",
      "cert_signing",
      "crl_signing",
    ],
    validityPeriodHours: lifetimeHours(lifetimeDays),
    earlyRenewalHours: earlyRenewalHours(lifetimeDays),
  };
}

export function lifetimeHours(days: number): number {
  return days * 24;
}

/** Hours before its end at which a certificate is reissued: when less than a third of its lifetime is left. */
export function earlyRenewalHours(days: number): number {
  return Math.floor(lifetimeHours(days) / 3);
}
