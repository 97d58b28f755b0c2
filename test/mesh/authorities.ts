/** Certificates for tests, made on the spot. */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { AsnConvert } from "@peculiar/asn1-schema";
import {
  id_ce_nameConstraints,
  NameConstraints,
  GeneralSubtree,
  GeneralSubtrees,
  type GeneralName,
} from "@peculiar/asn1-x509";
import * as x509 from "@peculiar/x509";

export const now = new Date("2026-06-01T00:00:00Z");

export interface Authority {
  certificate: string;
  key: string;
  name: string;
  keys: webcrypto.CryptoKeyPair;
}

export interface AuthorityOptions {
  /** @default self-signed. */
  issuer?: Authority;
  /** @default a new pair. */
  keys?: webcrypto.CryptoKeyPair;
  /** The whole subject. @default the common name. */
  subject?: string;
  /** @default true. */
  ca?: boolean;
  pathLength?: number;
  /** Of a CA. @default it may sign certificates and CRLs. */
  keyUsage?: x509.KeyUsageFlags;
  /** Whether it bears the identifier of its key. @default false. */
  keyId?: boolean;
  from?: string | Date;
  to?: string | Date;
  /** Host names and IPv4 addresses that it serves. @default none. */
  serves?: string[];
  /** The extended key usages. @default none: any use. */
  usages?: x509.ExtendedKeyUsage[];
  /** Hexadecimal. @default a random one. */
  serialNumber?: string;
  nameConstraints?: { permitted?: GeneralName[]; excluded?: GeneralName[]; critical?: boolean };
  /** RSA is of 2048 bits. */
  algorithm?: keyof typeof algorithms;
  /** Of what its issuer signs. @default SHA-256. */
  hash?: "SHA-1" | "SHA-256";
}

const algorithms = {
  ECDSA: { name: "ECDSA", namedCurve: "P-256" },
  Ed25519: { name: "Ed25519" },
  RSA: { name: "RSASSA-PKCS1-v1_5", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
};

/** A CA of this common name. */
export async function authority(commonName: string, options: AuthorityOptions = {}): Promise<Authority> {
  const {
    issuer,
    ca = true,
    pathLength,
    keyUsage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    keyId = false,
    from = "2026-01-01",
    to = "2027-01-01",
    serves = [],
    usages = [],
    serialNumber,
    nameConstraints,
    algorithm = "ECDSA",
    hash = "SHA-256",
  } = options;
  const parameters = { ...algorithms[algorithm], ...(algorithm === "Ed25519" ? {} : { hash }) };
  const keys =
    options.keys ??
    ((await webcrypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair);
  const name = options.subject ?? `CN=${commonName}`;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber,
    subject: name,
    issuer: issuer?.name ?? name,
    notBefore: new Date(from),
    notAfter: new Date(to),
    publicKey: keys.publicKey,
    signingKey: issuer?.keys.privateKey ?? keys.privateKey,
    signingAlgorithm: parameters,
    extensions: [
      new x509.BasicConstraintsExtension(ca, pathLength, true),
      ...(ca ? [new x509.KeyUsagesExtension(keyUsage, true)] : []),
      ...(keyId ? [await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)] : []),
      ...(usages.length > 0 ? [new x509.ExtendedKeyUsageExtension(usages)] : []),
      ...(nameConstraints === undefined ? [] : [constraints(nameConstraints)]),
      ...(serves.length > 0 ? [new x509.SubjectAlternativeNameExtension(serves.map(alternativeName))] : []),
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

function constraints({
  permitted,
  excluded,
  critical = true,
}: NonNullable<AuthorityOptions["nameConstraints"]>): x509.Extension {
  const subtrees = (bases?: GeneralName[]) =>
    bases && new GeneralSubtrees(bases.map((base) => new GeneralSubtree({ base })));
  const value = new NameConstraints({
    permittedSubtrees: subtrees(permitted),
    excludedSubtrees: subtrees(excluded),
  });
  return new x509.Extension(id_ce_nameConstraints, critical, AsnConvert.serialize(value));
}

function alternativeName(value: string): x509.JsonGeneralName {
  return { type: /^[\d.]+$/.test(value) ? "ip" : "dns", value };
}
