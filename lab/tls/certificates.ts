/** Requests and certificates. */
import "reflect-metadata"; // needed by @peculiar/x509
import { createPublicKey, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { signingKey as signingKeyOf } from "../../components/root-ca/crl";
import { holdsKey } from "../../mesh/pem";
import { fingerprint } from "./keys";
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
  const { keyAlgorithm, spki, signingKey, signingAlgorithm } = await signer(plan, "privateKeyPem");
  const names = ((plan.dnsNames ?? []) as string[]).map((value) => ({ type: "dns" as const, value }));
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(plan),
    keys: {
      privateKey: signingKey,
      publicKey: await webcrypto.subtle.importKey("spki", spki, signingAlgorithm, true, ["verify"]),
    },
    signingAlgorithm,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  });
  const id = fingerprint(Buffer.from(request.rawData));
  return { id, keyAlgorithm, certRequestPem: `${request.toString("pem")}\n` };
}

export async function createSelfSigned(plan: Values, now: Date): Promise<Values> {
  const { keyAlgorithm, spki: publicKey, ...signing } = await signer(plan, "privateKeyPem");
  const subject = subjectOf(plan);
  return { keyAlgorithm, ...(await issue(plan, now, { ...signing, subject, issuer: subject, publicKey })) };
}

export async function createLocallySigned(plan: Values, now: Date): Promise<Values> {
  const ca = new x509.X509Certificate(plan.caCertPem);
  const request = new x509.Pkcs10CertificateRequest(plan.certRequestPem);
  const { keyAlgorithm, spki, ...signing } = await signer(plan, "caPrivateKeyPem");
  if (!spki.equals(Buffer.from(ca.publicKey.rawData))) {
    throw new Error("Failed to create certificate: caPrivateKeyPem is not the key of caCertPem");
  }
  const names = request.getExtension("2.5.29.17");
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
  const certificate = await x509.X509CertificateGenerator.create({
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
    id: BigInt(`0x${certificate.serialNumber}`).toString(),
    certPem: `${certificate.toString("pem")}\n`,
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

/** @throws Error in the real provider's words */
async function signer(plan: Values, name: "privateKeyPem" | "caPrivateKeyPem") {
  const encoded = plan[name] as string;
  if (!holdsKey(encoded)) {
    const undecoded = `failed to decode PEM block: decoded bytes 0, undecoded ${Buffer.byteLength(encoded)}`;
    throw new Error(`Failed to parse ${name === "privateKeyPem" ? "" : "CA "}private key PEM: ${undecoded}`);
  }
  const key = createPublicKey(encoded);
  const { privateKey, algorithm } = await signingKeyOf(encoded);
  return {
    keyAlgorithm: key.asymmetricKeyType === "rsa" ? "RSA" : "ECDSA",
    spki: key.export({ format: "der", type: "spki" }),
    signingKey: privateKey,
    signingAlgorithm: algorithm,
  };
}
