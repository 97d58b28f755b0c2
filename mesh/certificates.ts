/** Certificates, as they are read. Pure: no I/O. */
import { X509Certificate } from "node:crypto";
import { pemBlocks } from "./pem";
import type { KeyAlgorithm } from "./schema";

/** Whether the chain of an intermediate without problems ends under this root (PEM). */
export function leadsTo(
  { certificate, chain = "" }: { certificate: string; chain?: string },
  root: string,
): boolean {
  const links = [certificate, chain].flatMap(parse);
  return parse(root).some((issuer) => links.some((link) => isIssuedBy(link, issuer)));
}

/** SHA-256 fingerprints of the certificates in a PEM, as openssl prints them. */
export function fingerprints(pem: string): string[] {
  return parse(pem).map((certificate) => certificate.fingerprint256);
}

/** Whether a bundle (PEM) holds this CA (PEM), or one of the same name and key: a CA may be reissued. */
export function isInBundle(ca: string, bundle: string): boolean {
  const [certificate] = parse(ca);
  return parse(bundle).some(
    (other) =>
      certificate !== undefined &&
      other.subject === certificate.subject &&
      other.publicKey.equals(certificate.publicKey),
  );
}

/** Subject of the roots that Weft makes, or has cert-manager make: that of Istio's tools/certs, and a locality to tell them apart. */
export function madeRootSubject(name: string) {
  return { organization: "Istio", commonName: "Root CA", locality: name };
}

/** The key algorithms of those among the certificates of a bundle (PEM), by the root's name. */
export function madeRoots(bundle: string): Record<string, KeyAlgorithm> {
  return Object.fromEntries(
    parse(bundle).flatMap(({ subject, publicKey }) => {
      const parts = new Map(subject.split("\n").map((part) => part.split("=", 2) as [string, string]));
      const { organization, commonName, locality } = madeRootSubject(parts.get("L") ?? "");
      const isMade = parts.get("O") === organization && parts.get("CN") === commonName && locality !== "";
      return isMade ? [[locality, publicKey.asymmetricKeyType === "rsa" ? "RSA-4096" : "ECDSA-P256"]] : [];
    }),
  );
}

export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The certificates in a PEM; none where any of them cannot be read. */
export function parse(pem: string): X509Certificate[] {
  try {
    return pemBlocks(pem, "CERTIFICATE").map((block) => new X509Certificate(block));
  } catch {
    return [];
  }
}

export function subject(certificate: X509Certificate): string {
  return oneLine(certificate.subject);
}

export function oneLine(name: string): string {
  return name.split("\n").join(", ");
}
