/** The types of resources that the double has: what terraform-provider-tls declares of them, under Pulumi's names. */
import { createLocallySigned, createRequest, createSelfSigned, usages } from "./certificates";
import { createKey } from "./keys";

/** Properties of a resource, as Pulumi's protocol has them. */
export type Values = Record<string, unknown>;

export interface Kind {
  properties: Record<string, Property>;
  /** Terraform's version of the state; zero is left out of it. */
  schemaVersion?: string;
  /** Makes what the plan left unknown. */
  create: (plan: Values, now: Date) => Promise<Values>;
}

export interface Property {
  /** The program may give it, or has to. */
  input?: true | "required";
  secret?: true;
  /** The provider chooses the value when the program gives none; `stable`: it stays when the resource is updated. */
  computed?: true | "stable";
  /** A change replaces the resource. */
  replaces?: true;
  /** What an input that is not given becomes. */
  fallback?: boolean | number | string;
  /** The values, the elements of a list or the fields of an object that the double takes. @default any */
  allowed?: string[];
}

/** An input that the resource is made of. */
const fixed: Property = { input: true, replaces: true };
const needed: Property = { input: "required", replaces: true };
/** What only the provider sets. */
const output: Property = { computed: "stable" };
/** What another key makes another. */
const ofKey: Property = { computed: true };
/** An input of the real provider that the double does not take. */
const refused: Property = {};

function each(property: Property, ...names: string[]): Record<string, Property> {
  return Object.fromEntries(names.map((name) => [name, property]));
}

const identity: Record<string, Property> = {
  privateKeyPem: { ...needed, secret: true },
  dnsNames: fixed,
  ...each(refused, "ipAddresses", "uris"),
  subject: { ...fixed, allowed: ["commonName", "locality", "organization"] },
};

/** What both kinds of certificate have. */
const validity: Record<string, Property> = {
  setSubjectKeyId: { ...fixed, fallback: false },
  validityPeriodHours: needed,
  allowedUses: { ...needed, allowed: Object.keys(usages) },
  earlyRenewalHours: { input: true, fallback: 0 },
  isCaCertificate: { ...fixed, fallback: false },
  maxPathLength: { ...fixed, ...output },
  readyForRenewal: { fallback: false },
  ...each(output, "certPem", "validityStartTime", "validityEndTime", "id"),
};

const kinds: Record<string, Kind> = {
  "tls:index/privateKey:PrivateKey": {
    schemaVersion: "1",
    create: createKey,
    properties: {
      algorithm: { ...needed, allowed: ["RSA", "ECDSA"] },
      rsaBits: { ...fixed, fallback: 2048 },
      ecdsaCurve: { ...fixed, fallback: "P224", allowed: ["P256"] },
      ...each({ ...ofKey, secret: true }, "privateKeyPem", "privateKeyOpenssh", "privateKeyPemPkcs8"),
      ...each(ofKey, "publicKeyPem", "publicKeyOpenssh", "id"),
      ...each(ofKey, "publicKeyFingerprintMd5", "publicKeyFingerprintSha256"),
    },
  },
  "tls:index/certRequest:CertRequest": {
    create: createRequest,
    properties: { ...identity, ...each(output, "keyAlgorithm", "certRequestPem", "id") },
  },
  "tls:index/selfSignedCert:SelfSignedCert": {
    create: createSelfSigned,
    properties: {
      ...identity,
      dnsNames: refused,
      setAuthorityKeyId: { fallback: false },
      keyAlgorithm: output,
      ...validity,
    },
  },
  "tls:index/locallySignedCert:LocallySignedCert": {
    create: createLocallySigned,
    properties: {
      ...each(needed, "caCertPem", "certRequestPem"),
      caPrivateKeyPem: { ...needed, secret: true },
      caKeyAlgorithm: output,
      ...validity,
    },
  },
};

/** @throws Error where the double has no such type */
export function kindOf(urn: string): Kind {
  const type = urn.split("::")[2]!.split("$").at(-1)!;
  const kind = kinds[type];
  if (!kind) throw new Error(`the lab's double of the tls provider has no resource ${type}`);
  return kind;
}
