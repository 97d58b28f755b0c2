/**
 * Name constraints of CAs (RFC 5280, section 4.2.1.10), as istiod (Go's crypto/x509) and the proxies (BoringSSL) apply them. Where the two
 * differ a name has to please both.
 */
import "reflect-metadata";
import type { X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { id_ce_nameConstraints, NameConstraints, type GeneralSubtrees } from "@peculiar/asn1-x509";
import { X509Certificate as Parsed } from "@peculiar/x509";
import type { Problem, Refusal } from "./problems";

/** What stands in the certificates below a CA. */
export interface CertifiedNames {
  /** DNS names of istiod. */
  dns: string[];
  /** Every workload is `spiffe://<trust domain>/…`. */
  trustDomain: string;
}

export function nameProblems(
  certificate: X509Certificate,
  { dns, trustDomain }: CertifiedNames,
  at: Pick<Problem, "path" | "value">,
): Refusal[] {
  const extension = new Parsed(certificate.raw).getExtension(id_ce_nameConstraints);
  if (extension === null) return [];
  const { permittedSubtrees, excludedSubtrees } = AsnConvert.parse(extension.value, NameConstraints);
  const [permitted, excluded] = [namesIn(permittedSubtrees), namesIn(excludedSubtrees)];
  if (extension.critical && (permitted.hasOthers || excluded.hasOthers)) {
    return [
      {
        ...at,
        message:
          "Its name constraints are about other names than of DNS, IP, e-mail and URI, so istiod refuses every certificate below it.",
        remedy: "Use a CA with constraints of these kinds alone, or without any.",
      },
    ];
  }
  const shutOut = dns.filter(
    (name) =>
      (permitted.dns.length > 0 && !permitted.dns.some((base) => isUnder(name, base))) ||
      excluded.dns.some((base) => isUnder(name, base)),
  );
  const isUriShutOut =
    (permitted.uri.length > 0 && !permitted.uri.some((base) => isHostOf(trustDomain, base))) ||
    excluded.uri.some((base) => isUnder(trustDomain, base));
  return [
    ...(shutOut.length === 0
      ? []
      : [
          {
            ...at,
            message: `Its name constraints shut out ${shutOut.join(", ")}, which istiod's certificate bears: every proxy would refuse it.`,
            remedy: `Use a CA that permits these DNS names, or one without name constraints.`,
          },
        ]),
    ...(isUriShutOut
      ? [
          {
            ...at,
            message: `Its name constraints shut out spiffe://${trustDomain}, the identity of every workload: proxies would refuse each other.`,
            remedy: `Use a CA that permits URIs of host ${trustDomain}, or one without name constraints; or, before the first \`pulumi up\`, set weft:mesh.trustDomain to a host that it permits.`,
          },
        ]
      : []),
  ];
}

function namesIn(subtrees: GeneralSubtrees | undefined) {
  const bases = (subtrees ?? []).map(({ base }) => base);
  return {
    dns: bases.flatMap(({ dNSName }) => dNSName ?? []),
    uri: bases.flatMap(({ uniformResourceIdentifier }) => uniformResourceIdentifier ?? []),
    /** Go reads no other kinds (parseNameConstraintsExtension in crypto/x509/parser.go). */
    hasOthers: bases.some(
      ({ dNSName, uniformResourceIdentifier, iPAddress, rfc822Name }) =>
        (dNSName ?? uniformResourceIdentifier ?? iPAddress ?? rfc822Name) === undefined,
    ),
  };
}

/** Whether a name is the base or below it; only below it where the base starts with a dot. */
function isUnder(name: string, base: string): boolean {
  const [lower, suffix] = [name.toLowerCase(), base.toLowerCase()];
  if (suffix === "" || lower === suffix) return true;
  return lower.endsWith(suffix.startsWith(".") ? suffix : `.${suffix}`);
}

/** To BoringSSL a permitted URI is of the very host, unless the base starts with a dot. */
function isHostOf(host: string, base: string): boolean {
  return base.startsWith(".") ? isUnder(host, base) : host.toLowerCase() === base.toLowerCase();
}
