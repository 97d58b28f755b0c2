/** Roots and intermediates. */
import { z } from "zod";
import { holdsKey, pemBlocks } from "../pem";
import { crls, days, dns1123, flag, pem, secrets, serial, whole } from "./forms";

export const providedCa = z.strictObject({
  certificate: pem("CERTIFICATE").describe("PEM of the CA certificate."),
  key: pem("PRIVATE KEY").register(secrets, { secret: true }).describe("Secret. PEM of its private key."),
});

/** Many keep an intermediate and those above it in one file, and use that for either key. */
export const intermediate = providedCa
  .extend({
    chain: pem("CERTIFICATE")
      .optional()
      .describe("PEM of further intermediates, from this one's issuer towards the root."),
  })
  .overwrite(({ chain = "", ...ca }) => {
    if (holdsKey(ca.certificate + chain)) return { ...ca, ...(chain && { chain }) };
    const [certificate = "", ...others] = pemBlocks(`${ca.certificate}\n${chain}`, "CERTIFICATE");
    const issuers = others.filter((block) => block !== certificate).join("\n");
    return { ...ca, certificate, ...(issuers && { chain: issuers }) };
  });

/** Of a root whose key Weft does not have. */
export const crl = crls
  .optional()
  .describe(
    "PEM of the CRLs of CAs whose key Weft does not have: of the root, and of those between it and given intermediates. Needed with `trust.revoked`.",
  );

export const intermediateGeneration = whole(1).describe(
  "Raise it by one for a new key and intermediate; a reissue keeps the key.",
);

export const keyAlgorithm = z.enum(["ECDSA-P256", "RSA-4096"]);

/** Of a root whose key is made for it. */
const made = {
  algorithm: keyAlgorithm
    .optional()
    .describe("Algorithm of its key, and of the intermediates that it signs; default: `trust.algorithm`."),
};

export const rootSource = z.discriminatedUnion("source", [
  z.strictObject({
    source: z
      .literal("generated")
      .describe("Weft generates the root key; it stays in Pulumi's state, encrypted."),
    ...made,
  }),
  z.strictObject({
    source: z
      .literal("certManager")
      .describe("cert-manager on `trust.certManager.cluster` holds the root and issues the intermediates."),
    ...made,
    crl,
  }),
  z.strictObject({
    source: z.literal("provided").describe("The root is given as PEM."),
    certificate: pem("CERTIFICATE").describe("PEM of the root certificate."),
    key: pem("PRIVATE KEY")
      .register(secrets, { secret: true })
      .optional()
      .describe(
        "Secret. PEM of the root's key. Leave it out when every member is given its intermediate: then the root key never enters Pulumi.",
      ),
    crl,
  }),
]);

export const rootName = {
  name: dns1123.describe("Name of the root; resources are named after it."),
  signing: flag().default(false).describe("This root signs the intermediates. Exactly one does."),
};
export const namedRoot = z.discriminatedUnion("source", [
  rootSource.options[0].extend(rootName),
  rootSource.options[1].extend(rootName),
  rootSource.options[2].extend(rootName),
]);

export const trust = z.strictObject({
  mode: z
    .enum(["shared", "federated"])
    .default("shared")
    .describe(
      "`shared`: one root, one intermediate per member. `federated`: every primary has a root of its own and trusts those of the others.",
    ),
  algorithm: keyAlgorithm
    .default("ECDSA-P256")
    .describe(
      "Key algorithm of the roots that name none, and of the intermediates below them. To change it, rotate.",
    ),
  rootLifetimeDays: days
    .default(3650)
    .describe("Days a generated root is valid. Reissued when less than a third is left."),
  intermediateLifetimeDays: days
    .default(365)
    .describe("Days an intermediate is valid. Reissued when less than a third is left."),
  intermediateGeneration: intermediateGeneration
    .default(1)
    .describe(
      "Generation of every member's intermediate. Raise it by one for new keys; a reissue keeps the key.",
    ),
  root: rootSource.optional().describe("The only root (default: `generated`). Use `roots` to rotate."),
  roots: z
    .array(namedRoot)
    .min(1)
    .optional()
    .describe(
      "Roots by name: all are trusted, the one with `signing: true` signs. See docs/trust.md for the three steps of a rotation.",
    ),
  removing: z
    .array(dns1123)
    .default([])
    .describe(
      "Roots that are meant to go at once, although they sign, or swap for another in the same `pulumi up`: for a key that has leaked. Requests between workloads fail until every istiod has restarted and every proxy has a new certificate. See docs/trust.md.",
    ),
  revoked: z
    .array(
      z.union(
        [
          z.strictObject({
            member: dns1123.describe(
              "Every intermediate that the member, or one that has left, has had. It gets a new key, and all tokens that were in its hands are renewed.",
            ),
          }),
          z.strictObject({ serial: serial.describe("The intermediate of this serial number.") }),
        ],
        { error: "a map with `member` or `serial`" },
      ),
    )
    .optional()
    .describe(
      "Intermediates that no proxy is to accept any more, because their key is lost: every istiod is given CRLs that say so. `[]`: none, and the CRLs are there. See docs/runbooks/lost-key.md.",
    ),
  certManager: z
    .strictObject({
      cluster: dns1123.describe("Member on which cert-manager issues."),
      namespace: dns1123
        .default("cert-manager")
        .describe("Namespace of cert-manager and of its CA Certificates."),
      install: flag().default(true).describe("Install cert-manager; `false`: it is there already."),
    })
    .optional()
    .describe("Required when a root's source is `certManager`."),
});
