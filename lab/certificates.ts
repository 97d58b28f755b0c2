import "reflect-metadata"; // needed by @peculiar/x509
import { webcrypto } from "node:crypto";
import {
  BasicConstraintsExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A lab is thrown away, never renewed. */
const LIFETIME_YEARS = 10;

/** A certificate with its key. */
export interface Certified {
  /** As RFC 4514 has it: `CN=etcd`. */
  readonly subject: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS #8. Secret. */
  readonly key: string;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** Makes a key and its certificate. @param issuer default: the key itself */
export async function certify(
  subject: string,
  extensions: Extension[],
  issuer?: Certified,
): Promise<Certified> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  // A clock nearby may be behind.
  const notBefore = new Date(Date.now() - 60_000);
  const notAfter = new Date(notBefore);
  notAfter.setFullYear(notAfter.getFullYear() + LIFETIME_YEARS);
  const certificate = await X509CertificateGenerator.create({
    subject,
    issuer: issuer?.subject ?? subject,
    notBefore,
    notAfter,
    publicKey: keys.publicKey,
    signingKey: (issuer?.keys ?? keys).privateKey,
    signingAlgorithm: ALGORITHM,
    extensions,
  });
  const key = PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY");
  return { subject, certificate: certificate.toString("pem"), key, keys };
}

export function certifyCa(subject: string, issuer?: Certified): Promise<Certified> {
  const uses = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature;
  const extensions = [
    new BasicConstraintsExtension(true, undefined, true),
    new KeyUsagesExtension(uses, true),
  ];
  return certify(subject, extensions, issuer);
}
