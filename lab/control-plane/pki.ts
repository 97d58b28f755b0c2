import "reflect-metadata"; // needed by @peculiar/x509
import { randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type JsonGeneralNames,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A lab is thrown away, never renewed. */
const LIFETIME_YEARS = 10;

/** One certificate of a lab: its subject as Kubernetes reads it (CN is the user, O its groups), and what it serves, if it does. */
export interface Leaf {
  readonly subject: string;
  readonly serves?: JsonGeneralNames;
}

/**
 * Makes a folder with a CA of its own (`ca.crt`), a certificate (`<name>.crt`, `<name>.key`) for each leaf, and keys without a
 * certificate (`<name>.key`, `<name>.pub`). Does nothing when the folder is there: it appears whole or not at all.
 * The CA's key is kept nowhere.
 */
export async function ensurePki(
  folder: string,
  ca: string,
  leaves: Readonly<Record<string, Leaf>>,
  keys: readonly string[] = [],
): Promise<void> {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const write = (name: string, pem: string) =>
    writeFileSync(join(unfinished, name), `${pem}\n`, { mode: 0o600 });

  const issuerKeys = await generateKeys();
  const issuer = await X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: `CN=${ca}`,
    keys: issuerKeys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.digitalSignature, true),
    ],
  });
  write("ca.crt", issuer.toString("pem"));

  for (const [name, leaf] of Object.entries(leaves)) {
    const pair = await generateKeys();
    const certificate = await sign(leaf, pair.publicKey, issuer, issuerKeys.privateKey);
    write(`${name}.crt`, certificate.toString("pem"));
    write(`${name}.key`, await privatePem(pair.privateKey));
  }
  for (const name of keys) {
    const pair = await generateKeys();
    write(`${name}.key`, await privatePem(pair.privateKey));
    write(
      `${name}.pub`,
      PemConverter.encode(await webcrypto.subtle.exportKey("spki", pair.publicKey), "PUBLIC KEY"),
    );
  }
  renameSync(unfinished, folder);
}

function sign(
  { subject, serves }: Leaf,
  publicKey: webcrypto.CryptoKey,
  issuer: X509Certificate,
  signingKey: webcrypto.CryptoKey,
): Promise<X509Certificate> {
  return X509CertificateGenerator.create({
    ...validity(),
    subject,
    issuer: issuer.subject,
    publicKey,
    signingKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension(
        serves ? [ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth] : [ExtendedKeyUsage.clientAuth],
      ),
      ...(serves ? [new SubjectAlternativeNameExtension(serves)] : []),
    ],
  });
}

function validity() {
  const notBefore = new Date();
  const notAfter = new Date(notBefore);
  notAfter.setFullYear(notAfter.getFullYear() + LIFETIME_YEARS);
  // A serial number is a positive integer: the top bit stays clear.
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  return { notBefore, notAfter, serialNumber: serial.toString("hex") };
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY");
}
