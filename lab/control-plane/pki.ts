import "reflect-metadata"; // needed by @peculiar/x509
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
} from "@peculiar/x509";
import { certify, certifyCa } from "../certificates";

/** One certificate of a lab: its subject as Kubernetes reads it (CN is the user, O its groups), and whether it serves on loopback. */
export interface Leaf {
  readonly subject: string;
  readonly serves?: boolean;
}

/** Of a certificate that serves. */
const serving = () => [
  new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth, ExtendedKeyUsage.serverAuth]),
  new SubjectAlternativeNameExtension([
    { type: "ip", value: "127.0.0.1" },
    { type: "dns", value: "localhost" },
  ]),
];

/**
 * Makes a folder with a CA of its own (`ca.crt`) and a certificate (`<name>.crt`, `<name>.key`) for each leaf. Does nothing when the
 * folder is there: it appears whole or not at all. The CA's key is kept nowhere.
 */
export async function ensurePki(
  folder: string,
  ca: string,
  leaves: Readonly<Record<string, Leaf>>,
): Promise<void> {
  if (existsSync(folder)) return;
  const unfinished = `${folder}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true, mode: 0o700 });
  const write = (name: string, pem: string) =>
    writeFileSync(join(unfinished, name), `${pem}\n`, { mode: 0o600 });

  const issuer = await certifyCa(`CN=${ca}`);
  write("ca.crt", issuer.certificate);
  for (const [name, { subject, serves }] of Object.entries(leaves)) {
    const extensions = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      ...(serves ? serving() : [new ExtendedKeyUsageExtension([ExtendedKeyUsage.clientAuth])]),
    ];
    const leaf = await certify(subject, extensions, issuer);
    write(`${name}.crt`, leaf.certificate);
    write(`${name}.key`, leaf.key);
  }
  renameSync(unfinished, folder);
}
