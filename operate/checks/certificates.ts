/** Certificates in a Secret `cacerts`. Pure. */
import { X509Certificate } from "node:crypto";
import { crlsIn, type Crl } from "../../mesh/crl";
import type { CacertsFacts } from "../facts/facts";

/** The certificates of a PEM text; none where any of them cannot be read. */
export function certificatesIn(pem: string): X509Certificate[] {
  try {
    return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
      (block) => new X509Certificate(block),
    );
  } catch {
    return [];
  }
}

/** The CRLs of a PEM text; undefined where any of them cannot be read. */
export function listsIn(pem: string): Crl[] | undefined {
  try {
    return crlsIn(pem);
  } catch {
    return undefined;
  }
}

export function endOf(certificate: X509Certificate): Date {
  return new Date(certificate.validTo);
}

/** The root of its own bundle that the chain leads to; undefined where it leads to none. */
export function issuerIn({ certificate, chain, bundle }: CacertsFacts): X509Certificate | undefined {
  const roots = certificatesIn(bundle);
  const links = [...certificatesIn(certificate), ...certificatesIn(chain)];
  return roots.find((root) =>
    links.some(
      (link) =>
        link.fingerprint256 !== root.fingerprint256 && link.checkIssued(root) && link.verify(root.publicKey),
    ),
  );
}
