/** Certificates and keys that a person provides, checked as istiod and the proxies will check them. Pure: no I/O. */
import "reflect-metadata";
import { createPrivateKey, type KeyObject, type X509Certificate } from "node:crypto";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  X509Certificate as Parsed,
} from "@peculiar/x509";
import { isIssuedBy, oneLine, parse, subject } from "./certificates";
import { nameProblems, type CertifiedNames } from "./name-constraints";
import { holdsKey, pemBlocks } from "./pem";
import type { Problem, Refusal } from "./problems";

/** A CA as it stands in stack config. */
export interface ProvidedCa {
  /** PEM of one certificate. */
  certificate: string;
  /** Secret. PEM of its private key. */
  key?: string;
  /** PEM of further intermediates, from the issuer of `certificate` towards the root. */
  chain?: string;
}

/** Where a CA stands in stack config, and what it has to be good for. */
export interface Place {
  path: string;
  /** When it has to be valid. */
  now: Date;
  /** What stands in the certificates below it. Default: not known, so nothing is said of its name constraints. */
  names?: CertifiedNames;
}

/**
 * Problems of a root.
 * @param signs whether intermediates are signed by it, so that one must fit below it.
 */
export function rootProblemsOf(root: ProvidedCa, signs: boolean, place: Place): Refusal[] {
  const { path } = place;
  const [certificate] = parse(root.certificate);
  const problems = caProblems(root, place);
  if (problems.length > 0 || certificate === undefined) return problems;
  if (!isIssuedBy(certificate, certificate)) {
    problems.push({
      path: `${path}.certificate`,
      value: subject(certificate),
      message: "Not a root: it is not signed by its own key.",
      remedy: "Give the self-signed certificate at the end of the chain.",
    });
  }
  return signs ? [...problems, ...roomProblems([certificate], 1, `${path}.certificate`)] : problems;
}

/** Problems of an intermediate: its own, and whether its chain leads to one of the roots (PEM). */
export function intermediateProblemsOf(intermediate: ProvidedCa, roots: string[], place: Place): Refusal[] {
  const { path } = place;
  const problems = caProblems(intermediate, place);
  const [certificate] = parse(intermediate.certificate);
  const chain = parse(intermediate.chain ?? "");
  if (intermediate.chain !== undefined && chain.length === 0) {
    problems.push({ path: `${path}.chain`, message: "Expected PEM of certificates.", remedy: anotherPem });
  }
  if (holdsKey(intermediate.chain ?? "")) problems.push(keyBeside(`${path}.chain`));
  if (problems.length > 0 || certificate === undefined) return problems;

  const trusted = roots.flatMap(parse);
  const isTrusted = (link: X509Certificate) =>
    trusted.some((root) => root.fingerprint256 === link.fingerprint256);
  if (isTrusted(certificate)) {
    return [
      {
        path: `${path}.certificate`,
        value: subject(certificate),
        message: "This is the root itself; an intermediate is a CA that the root has signed.",
        remedy: "Leave `intermediate` out and give the root's key: then Weft makes one.",
      },
    ];
  }
  // Many keep the root at the end of their chain.
  const links = [certificate, ...chain.filter((link) => !isTrusted(link))];
  for (const [index, link] of links.entries()) {
    const at = index === 0 ? `${path}.certificate` : `${path}.chain`;
    if (index > 0) problems.push(...issuerProblems(link, at, place));
    problems.push(...signatureProblems(link, at));
    const issuers = index + 1 < links.length ? [links[index + 1]!] : trusted;
    if (issuers.some((issuer) => isIssuedBy(link, issuer))) continue;
    problems.push({
      path: at,
      value: subject(link),
      message:
        issuers === trusted
          ? isIssuedBy(link, link)
            ? "The chain ends in this root, which is not a trusted one."
            : `Its issuer, ${oneLine(link.issuer)}, is not a trusted root.`
          : `Not signed by the next certificate of the chain, ${subject(issuers[0]!)}.`,
      remedy:
        issuers === trusted
          ? "Give the certificates between it and the root in `chain`, or trust its root."
          : "List the chain from this certificate's issuer towards the root.",
    });
    return problems;
  }
  const root = trusted.find((candidate) => isIssuedBy(links.at(-1)!, candidate))!;
  return [...problems, ...roomProblems([...links.slice(1), root], 1, `${path}.certificate`)];
}

/** What holds for every CA certificate and its key. */
function caProblems({ certificate: pem, key }: ProvidedCa, place: Place): Refusal[] {
  const { path } = place;
  const certificates = parse(pem);
  const [certificate] = certificates;
  const at = `${path}.certificate`;
  if (certificate === undefined) {
    return [{ path: at, message: "Not a certificate: the PEM cannot be read.", remedy: anotherPem }];
  }
  if (certificates.length > 1) {
    return [
      {
        path: at,
        message: `Expected one certificate, found ${certificates.length}.`,
        remedy: "Keep the one whose key stands beside it; of a root, the self-signed one.",
      },
    ];
  }
  // It would go, as it is, into the bundle that istiod copies into every namespace.
  if (holdsKey(pem)) return [keyBeside(at)];
  return [
    ...issuerProblems(certificate, at, place),
    ...(key === undefined ? [] : keyProblems(certificate, key, `${path}.key`)),
  ];
}

const anotherPem = "Export it again: `openssl x509 -in <file>` prints what is expected.";

function keyBeside(path: string): Refusal {
  return {
    path,
    message: "Holds a private key as well, and what stands here is published to all workloads.",
    remedy: "Keep the CERTIFICATE block alone. A key stands under `key`, as a secret.",
  };
}

function validityProblems(
  certificate: X509Certificate,
  at: Pick<Problem, "path" | "value">,
  now: Date,
): Refusal[] {
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (to <= now) {
    const remedy = "Have it issued again under the same key, or rotate. See docs/trust.md.";
    return [{ ...at, message: `Expired on ${day(to)}.`, remedy }];
  }
  if (from > now) {
    const remedy = "Use it from that day on, or set this machine's clock.";
    return [{ ...at, message: `Not valid before ${day(from)}.`, remedy }];
  }
  return [];
}

/** Whether istiod and the proxies accept a certificate, and what is signed below it. */
function issuerProblems(certificate: X509Certificate, path: string, { now, names }: Place): Refusal[] {
  const at = { path, value: subject(certificate) };
  return [
    ...validityProblems(certificate, at, now),
    ...serialProblems(certificate, at),
    ...(certificate.ca
      ? []
      : [
          {
            ...at,
            message: "Not a CA: it may not sign certificates.",
            remedy: "Use a certificate with `CA:TRUE` in its basic constraints.",
          },
        ]),
    ...algorithmProblems(certificate, at),
    ...usageProblems(certificate, at),
    ...(names === undefined ? [] : nameProblems(certificate, names, at)),
  ];
}

/** istiod does not read such a certificate, root or not: Go's crypto/x509 refuses it since 1.23 (x509negativeserial). */
function serialProblems({ serialNumber }: X509Certificate, at: Pick<Problem, "path" | "value">): Refusal[] {
  if (!serialNumber.startsWith("-")) return [];
  return [
    {
      ...at,
      message: "Its serial number is negative, which istiod does not accept.",
      remedy: "Have it issued again with a positive one; for a root, under the same key.",
    },
  ];
}

/** As OpenSSL names P-256, P-384 and P-521: what both istiod (Go) and the proxies (BoringSSL) know. */
const curves = ["prime256v1", "secp384r1", "secp521r1"];

/** Proxies verify RSA and ECDSA signatures; BoringSSL offers no others by default. */
function algorithmProblems({ publicKey }: X509Certificate, at: Pick<Problem, "path" | "value">): Refusal[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = publicKey;
  if (type === "rsa" || (type === "ec" && curves.includes(details!.namedCurve!))) return [];
  return [
    {
      ...at,
      message: `Its key is of type ${type === "ec" ? details!.namedCurve : type}, which Istio's proxies do not accept.`,
      remedy: "Use an RSA key, or an ECDSA key on P-256, P-384 or P-521.",
    },
  ];
}

/**
 * An extended key usage of a CA, the root included, bounds all below it. Envoy verifies workloads as servers and as clients
 * (cert_validator/default_validator.cc), and to BoringSSL `anyExtendedKeyUsage` is neither (crypto/x509/v3_purp.cc).
 */
function usageProblems({ raw }: X509Certificate, at: Pick<Problem, "path" | "value">): Refusal[] {
  const usages = new Parsed(raw).getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  const missing = (["serverAuth", "clientAuth"] as const).filter(
    (usage) => usages?.includes(ExtendedKeyUsage[usage]) === false,
  );
  if (missing.length === 0) return [];
  return [
    {
      ...at,
      message: `Its extended key usage leaves out ${missing.join(" and ")}, so proxies refuse every workload below it.`,
      remedy: "Use a CA without an extended key usage, or with both serverAuth and clientAuth.",
    },
  ];
}

/**
 * istiod verifies its intermediate by Go's crypto/x509, which has no SHA-1 since 1.18 and never had an older hash. Nobody verifies a
 * root's own signature.
 */
function signatureProblems(certificate: X509Certificate, path: string): Refusal[] {
  const { name, hash } = new Parsed(certificate.raw).signatureAlgorithm as {
    name: string;
    hash?: { name: string };
  };
  const accepted = hash === undefined ? name === "Ed25519" : /^SHA-(256|384|512)$/.test(hash.name);
  if (accepted) return [];
  return [
    {
      path,
      value: subject(certificate),
      message: `Signed by ${hash?.name ?? name}, which istiod does not accept.`,
      remedy: "Have it signed again, by SHA-256 or better.",
    },
  ];
}

function keyProblems(certificate: X509Certificate, pem: string, path: string): Refusal[] {
  const at = { path, value: "(secret)" };
  if (/ENCRYPTED/.test(pem)) {
    return [
      {
        ...at,
        message: "The key is encrypted, and istiod cannot ask for its passphrase.",
        remedy: "Give what `openssl pkey -in <file>` prints; `--secret` encrypts it again.",
      },
    ];
  }
  const unreadable = "Export it again: `openssl pkey -in <file>` prints what is expected.";
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return [{ ...at, message: "Not a private key: the PEM cannot be read.", remedy: unreadable }];
  }
  if (pemBlocks(pem, "PRIVATE KEY").length > 1) {
    return [
      { ...at, message: "Expected one private key.", remedy: "Keep the one of the certificate beside it." },
    ];
  }
  if (certificate.checkPrivateKey(key)) return [];
  return [
    {
      ...at,
      message: `Not the key of the certificate ${subject(certificate)}.`,
      remedy: "Give the key that the certificate was requested with, or the certificate of this key.",
    },
  ];
}

/**
 * Whether the path length of each CA allows the CAs below it (RFC 5280, section 4.2.1.9).
 * @param cas from the lowest up.
 * @param below CAs below the lowest.
 */
function roomProblems(cas: X509Certificate[], below: number, path: string): Refusal[] {
  return cas.flatMap((ca, index) => {
    const allowed = new Parsed(ca.raw).getExtension(BasicConstraintsExtension)?.pathLength;
    const needed = below + index;
    if (allowed === undefined || allowed >= needed) return [];
    return {
      path,
      value: subject(ca),
      message: `Its path length ${allowed} leaves no room for the ${needed === 1 ? "intermediate" : `${needed} intermediates`} below it.`,
      remedy: `Use a CA with a path length of ${needed} or more, or without one.`,
    };
  });
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
