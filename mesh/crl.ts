/** Certificate revocation lists (RFC 5280, section 5), as they are read. Pure: no I/O. */
import "reflect-metadata";
import { verify, type X509Certificate } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import { CertificateList, CRLNumber, id_ce_cRLNumber } from "@peculiar/asn1-x509";
import { KeyUsageFlags, KeyUsagesExtension, X509Certificate as Parsed, X509Crl } from "@peculiar/x509";
import { pemBlocks } from "./pem";

export interface Crl {
  /** PEM. */
  pem: string;
  /** Name of the CA whose list it is: `CN=Root, O=Example`. */
  issuer: string;
  /** Undefined where it has none. */
  number: bigint | undefined;
  thisUpdate: Date;
  /** When it ends; undefined where it does not say. */
  nextUpdate: Date | undefined;
  /** What is revoked, by the number that `serialNumber` writes, and since when. */
  revoked: ReadonlyMap<string, Date>;
}

/** The lists in a PEM. @throws Error where one of them cannot be read. */
export function crlsIn(pem: string): Crl[] {
  return pemBlocks(pem, "X509 CRL").map((block) => {
    const list = new X509Crl(derOf(block));
    const number = list.getExtension(id_ce_cRLNumber);
    return {
      pem: block,
      issuer: list.issuer,
      number: number === null ? undefined : numberIn(number.value),
      thisUpdate: list.thisUpdate,
      nextUpdate: list.nextUpdate,
      revoked: new Map(list.entries.map((entry) => [serialNumber(entry.serialNumber), entry.revocationDate])),
    };
  });
}

function numberIn(value: ArrayBuffer): bigint {
  // A long one is text, whatever its type says.
  return BigInt(AsnConvert.parse(value, CRLNumber).value);
}

/** Whether this CA has signed it: by its name and its key, so also where the CA has been reissued since. */
export function isListOf({ pem, issuer }: Crl, ca: X509Certificate): boolean {
  if (new Parsed(ca.raw).subject !== issuer) return false;
  const der = derOf(pem);
  const { tbsCertListRaw, signature } = AsnConvert.parse(der, CertificateList);
  const { hash } = new X509Crl(der).signatureAlgorithm as { hash?: { name: string } };
  if (tbsCertListRaw === undefined || hash === undefined) return false;
  return verify(
    hash.name.replace("-", "").toLowerCase(),
    new Uint8Array(tbsCertListRaw),
    ca.publicKey,
    new Uint8Array(signature),
  );
}

/** Whether the list of this CA is good: Go and BoringSSL ask for `cRLSign` where a CA has a key usage (RFC 5280, section 6.3.3 (f)). */
export function maySignCrls(ca: X509Certificate): boolean {
  const usages = new Parsed(ca.raw).getExtension(KeyUsagesExtension)?.usages;
  return usages === undefined || (usages & KeyUsageFlags.cRLSign) !== 0;
}

/** One form of a serial number, however it is written: hexadecimal, in capitals, whole bytes. */
export function serialNumber(hex: string): string {
  const digits = BigInt(`0x${hex.replaceAll(":", "")}`)
    .toString(16)
    .toUpperCase();
  return digits.length % 2 === 0 ? digits : `0${digits}`;
}

function derOf(pem: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"));
}
