/** Certificates as PEM texts. Pure. */
import { X509Certificate } from "node:crypto";
import { joinPem, pemBlocks } from "../../mesh/pem";

/** The certificates of a PEM text. */
export function certificatesOf(pem: string): X509Certificate[] {
  return pemBlocks(pem, "CERTIFICATE").map((block) => new X509Certificate(block));
}

/**
 * The chain of a CA: itself, the intermediates above it, and the root that they lead to; undefined when it is none of these.
 * @param intermediates PEM; may end with the root, as many keep it.
 * @param roots PEM of those that may be at its end.
 */
export function chainOf(certificate: string, intermediates: string, roots: string[]): string | undefined {
  const trusted = roots.flatMap(certificatesOf);
  const links = [certificate, intermediates]
    .flatMap(certificatesOf)
    .filter((link) => !trusted.some((root) => root.fingerprint256 === link.fingerprint256));
  const last = links.at(-1);
  const root = trusted.find((candidate) => last?.checkIssued(candidate) && last.verify(candidate.publicKey));
  return root && joinPem([...links, root].map((link) => link.toString()));
}
