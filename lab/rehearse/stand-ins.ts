/** Stand-ins for the certificates and keys of a stack: the rehearsal has no way to decrypt its own, and no need for them. */
import "reflect-metadata";
import { createHash, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const lifetimeMs = 365 * 24 * 60 * 60 * 1000;

/** A CA as stack config has it. */
export interface StandInCa {
  certificate: string;
  key: string;
}

interface Authority extends StandInCa {
  name: string;
  keys: webcrypto.CryptoKeyPair;
}

/** The same original always gets the same stand-in, so that what a step leaves alone is left alone, and what it swaps is swapped. */
export class StandIns {
  private readonly authorities = new Map<string, Promise<Authority>>();
  private readonly ranges = new Map<string, number>();

  /** @param original the certificate, as it is written: PEM, or its encrypted form. */
  root(original: unknown): Promise<StandInCa> {
    return this.authority(original);
  }

  /** @param issuer the original of its root. */
  async intermediate(original: unknown, issuer: unknown): Promise<StandInCa> {
    return this.authority(original, await this.authority(issuer));
  }

  /** For an encrypted text of any other meaning. */
  text(encrypted: string): string {
    return `stand-in-${digest(encrypted)}`;
  }

  /** A range of a member's own, in the place of one that would be cut from a container network. */
  addresses(member: string): string {
    const number = this.ranges.get(member) ?? this.ranges.size;
    this.ranges.set(member, number);
    return `10.255.${number}.1-10.255.${number}.254`;
  }

  private authority(original: unknown, issuer?: Authority): Promise<Authority> {
    const id = digest(JSON.stringify(original) ?? "none");
    const known = this.authorities.get(id) ?? createAuthority(`Stand-in ${id}`, issuer);
    this.authorities.set(id, known);
    return known;
  }
}

async function createAuthority(commonName: string, issuer?: Authority): Promise<Authority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const name = `CN=${commonName}`;
  const certificate = await x509.X509CertificateGenerator.create({
    subject: name,
    issuer: issuer?.name ?? name,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + lifetimeMs),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return {
    certificate: certificate.toString("pem"),
    key: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
    name,
    keys,
  };
}

const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 12);
