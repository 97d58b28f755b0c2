/** The certificate revocation list of a CA whose key is here. */
import "reflect-metadata";
import { createPrivateKey, webcrypto, X509Certificate } from "node:crypto";
import { AsnIntegerBigIntConverter } from "@peculiar/asn1-schema";
import { id_ce_cRLNumber } from "@peculiar/asn1-x509";
import * as x509 from "@peculiar/x509";
import { crlsIn, isListOf, type Crl } from "../../mesh/crl";
import { earlyRenewalHours, lifetimeHours } from "./lifetime";

const hourMs = 3_600_000;

/** Hours that a list is older than it says: a proxy whose clock is behind refuses everybody by one that is not valid yet. */
const backdatedHours = 24;

export interface CrlArgs {
  /** PEM of the CA's certificate. */
  certificate: string;
  /** PEM of its private key. */
  key: string;
  /** Serial numbers to revoke, as `serialNumber` writes them. */
  serials: string[];
  /** PEM of lists signed before. */
  before: string;
  /** Days that a new one is valid. */
  lifetimeDays: number;
  now: Date;
}

/**
 * PEM of the CA's list. An ECDSA signature is another each time, so the list of before is kept, text for text, while it revokes just
 * these and has a third of its lifetime left, as a certificate is. Numbers rise: that of a new list is the time in seconds, or the next
 * where a clock went back.
 */
export async function crlOf({
  certificate,
  key,
  serials,
  before,
  lifetimeDays,
  now,
}: CrlArgs): Promise<string> {
  const ca = new X509Certificate(certificate);
  const [newest] = crlsIn(before)
    .filter((crl) => isListOf(crl, ca))
    .sort((a, b) => (a.number! < b.number! ? 1 : -1));
  if (newest !== undefined && isGood(newest, serials, lifetimeDays, now)) return newest.pem;

  const { privateKey, algorithm } = await signingKey(key);
  const parsed = new x509.X509Certificate(ca.raw);
  const keyId = parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const list = await x509.X509CrlGenerator.create({
    issuer: parsed.subjectName,
    thisUpdate: new Date(now.getTime() - backdatedHours * hourMs),
    nextUpdate: new Date(now.getTime() + lifetimeHours(lifetimeDays) * hourMs),
    entries: serials.toSorted().map((serial) => ({
      serialNumber: serial,
      revocationDate: newest?.revoked.get(serial) ?? now,
      reason: x509.X509CrlReason.cACompromise,
    })),
    extensions: [
      new x509.Extension(id_ce_cRLNumber, false, derOf(numberAfter(newest, now))),
      // Two CAs of one name, a member's old and new intermediate, are told apart by it.
      ...(keyId === undefined ? [] : [new x509.AuthorityKeyIdentifierExtension(keyId)]),
    ],
    signingAlgorithm: algorithm,
    signingKey: privateKey,
  });
  // The library's own label is none that OpenSSL and BoringSSL know.
  return x509.PemConverter.encode(list.rawData, "X509 CRL");
}

function isGood({ revoked, nextUpdate }: Crl, serials: string[], lifetimeDays: number, now: Date): boolean {
  const isSame = revoked.size === serials.length && serials.every((serial) => revoked.has(serial));
  const hoursLeft = (nextUpdate!.getTime() - now.getTime()) / hourMs;
  return isSame && hoursLeft >= earlyRenewalHours(lifetimeDays);
}

function numberAfter(newest: Crl | undefined, now: Date): bigint {
  const wanted = BigInt(Math.floor(now.getTime() / 1000));
  const least = (newest?.number ?? 0n) + 1n;
  return wanted > least ? wanted : least;
}

function derOf(number: bigint): ArrayBuffer {
  return AsnIntegerBigIntConverter.toASN(number).toBER();
}

const curves: Record<string, string> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

/** A private key (PEM) as a library of certificates wants it, and how it signs. */
export async function signingKey(pem: string) {
  const key = createPrivateKey(pem);
  const namedCurve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithm = {
    hash: "SHA-256",
    ...(namedCurve === undefined ? { name: "RSASSA-PKCS1-v1_5" } : { name: "ECDSA", namedCurve }),
  };
  const pkcs8 = key.export({ format: "der", type: "pkcs8" });
  const privateKey = await webcrypto.subtle.importKey("pkcs8", pkcs8, algorithm, false, ["sign"]);
  return { privateKey, algorithm };
}
