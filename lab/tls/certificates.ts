/** Requests and certificates. */
import "reflect-metadata"; // needed by @peculiar/x509
import { createPrivateKey, createPublicKey, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { signingKey } from "../../components/root-ca/crl";
import { holdsKey } from "../../mesh/pem";
import { fingerprint, pem } from "./keys";
import type { Values } from "./kinds";

/** Uses that the double takes. */
export const usages: Record<string, x509.KeyUsageFlags> = {
  digital_signature: x509.KeyUsageFlags.digitalSignature,
  content_commitment: x509.KeyUsageFlags.nonRepudiation,
  key_encipherment: x509.KeyUsageFlags.keyEncipherment,
  cert_signing: x509.KeyUsageFlags.keyCertSign,
  crl_signing: x509.KeyUsageFlags.cRLSign,
};

export async function createRequest(plan: Values): Promise<Values> {
  const { keyAlgorithm, spki, signing } = await signer("private key", plan.privateKeyPem as string);
  const dnsNames = (plan.dnsNames ?? []) as string[];
  const names = new x509.SubjectAlternativeNameExtension(dnsNames.map((value) => ({ type: "dns", value })));
  const { rawData } = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(plan),
    keys: {
      privateKey: signing.signingKey,
      publicKey: await webcrypto.subtle.importKey("spki", spki, signing.signingAlgorithm, true, ["verify"]),
    },
    signingAlgorithm: signing.signingAlgorithm,
    extensions: dnsNames.length > 0 ? [names] : [],
  });
  const der = new Uint8Array(rawData);
  return { id: fingerprint(der), keyAlgorithm, certRequestPem: pem("CERTIFICATE REQUEST", der) };
}

export async function createSelfSigned(plan: Values, now: Date): Promise<Values> {
  const { keyAlgorithm, spki, signing } = await signer("private key", plan.privateKeyPem as string);
  const subject = subjectOf(plan);
  return {
    keyAlgorithm,
    ...(await issue(plan, now, { ...signing, subject, issuer: subject, publicKey: spki })),
  };
}

export async function createLocallySigned(plan: Values, now: Date): Promise<Values> {
  const ca = new x509.X509Certificate(plan.caCertPem as string);
  const request = new x509.Pkcs10CertificateRequest(plan.certRequestPem as string);
  const { keyAlgorithm, spki, signing } = await signer("CA private key", plan.caPrivateKeyPem as string);
  if (!spki.equals(new Uint8Array(ca.publicKey.rawData))) {
    throw new Error(
      "Failed to create certificate: x509: provided PrivateKey doesn't match parent's PublicKey",
    );
  }
  const names = request.getExtension<x509.SubjectAlternativeNameExtension>("2.5.29.17");
  const issuerKey = ca.getExtension(x509.SubjectKeyIdentifierExtension);
  const { subjectName: subject, publicKey } = request;
  const issued = await issue(plan, now, { ...signing, subject, issuer: ca.subjectName, publicKey }, [
    ...(names ? [names] : []),
    ...(issuerKey ? [new x509.AuthorityKeyIdentifierExtension(issuerKey.keyId)] : []),
  ]);
  return { caKeyAlgorithm: keyAlgorithm, ...issued };
}

async function issue(
  plan: Values,
  now: Date,
  params: x509.X509CertificateCreateWithKeyParams,
  further: x509.Extension[] = [],
): Promise<Values> {
  // A certificate knows no milliseconds (RFC 5280, section 4.1.2.5); from 2050 on the library would write them.
  const notBefore = new Date(Math.floor(now.getTime() / 1000) * 1000);
  const notAfter = new Date(notBefore.getTime() + Number(plan.validityPeriodHours) * 3_600_000);
  const usage = (plan.allowedUses as string[]).reduce((all, use) => all | usages[use]!, 0);
  const isCa = plan.isCaCertificate === true;
  // As in the real provider, 0 sets no limit.
  const pathLength = Number(plan.maxPathLength) > 0 ? Number(plan.maxPathLength) : undefined;
  const keyId = await x509.SubjectKeyIdentifierExtension.create(params.publicKey);
  const { serialNumber, rawData } = await x509.X509CertificateGenerator.create({
    ...params,
    notBefore,
    notAfter,
    extensions: [
      ...(usage ? [new x509.KeyUsagesExtension(usage, true)] : []),
      new x509.BasicConstraintsExtension(isCa, pathLength, true),
      ...(isCa || plan.setSubjectKeyId ? [keyId] : []),
      ...further,
    ],
  });
  return {
    id: BigInt(`0x${serialNumber}`).toString(),
    certPem: pem("CERTIFICATE", new Uint8Array(rawData)),
    validityStartTime: notBefore.toISOString(),
    validityEndTime: notAfter.toISOString(),
  };
}

/** In Go's order, which the real provider's names have: whoever verifies compares them byte for byte. */
function subjectOf({ subject }: Values): x509.Name {
  const { locality, organization, commonName } = (subject ?? {}) as Record<string, string | undefined>;
  const parts = Object.entries({ L: locality, O: organization, CN: commonName });
  return new x509.Name(parts.flatMap(([part, value]) => (value ? [{ [part]: [value] }] : [])));
}

async function signer(what: string, encoded: string) {
  if (!holdsKey(encoded)) {
    // In the real provider's words.
    const undecoded = `failed to decode PEM block: decoded bytes 0, undecoded ${encoded.length}`;
    throw new Error(`Failed to parse ${what} PEM: ${undecoded}`);
  }
  const key = createPrivateKey(encoded);
  const { privateKey, algorithm } = await signingKey(encoded);
  return {
    keyAlgorithm: key.asymmetricKeyType === "rsa" ? "RSA" : "ECDSA",
    spki: createPublicKey(key).export({ format: "der", type: "spki" }),
    signing: { signingKey: privateKey, signingAlgorithm: algorithm },
  };
}
