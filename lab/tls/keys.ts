/** Keys, in every encoding that the tls provider gives. */
import * as crypto from "node:crypto";
import { promisify } from "node:util";
import type { Values } from "./kinds";

const generate = promisify(crypto.generateKeyPair);

export async function createKey({ algorithm, rsaBits, ecdsaCurve }: Values): Promise<Values> {
  const isRsa = algorithm === "RSA";
  if (!isRsa && ecdsaCurve !== "P256") {
    throw new Error(`the lab's double of the tls provider has no curve ${String(ecdsaCurve)}, but P256`);
  }
  const { privateKey: key } = isRsa
    ? await generate("rsa", { modulusLength: rsaBits as number })
    : await generate("ec", { namedCurve: "P-256" });
  return {
    ...describe(crypto.createPublicKey(key)),
    privateKeyPem: key.export({ format: "pem", type: isRsa ? "pkcs1" : "sec1" }),
    privateKeyPemPkcs8: key.export({ format: "pem", type: "pkcs8" }),
    privateKeyOpenssh: opensshFile(key.export({ format: "jwk" })),
  };
}

export function describe(key: crypto.KeyObject): Values {
  const { type, blob } = openssh(key.export({ format: "jwk" }));
  const hash = (algorithm: string) => crypto.createHash(algorithm).update(blob);
  return {
    id: fingerprint(key.export({ format: "der", type: "spki" })),
    publicKeyPem: key.export({ format: "pem", type: "spki" }),
    publicKeyOpenssh: `${type} ${blob.toString("base64")}\n`,
    publicKeyFingerprintMd5: hash("md5").digest("hex").match(/../g)!.join(":"),
    publicKeyFingerprintSha256: `SHA256:${hash("sha256").digest("base64").replace(/=+$/, "")}`,
  };
}

/** The ID of what has no serial number. The real provider takes the DER for a text, and white space off its end. */
export function fingerprint(der: Buffer): string {
  const text = der.toString("latin1").replace(/[\t-\r ]+$/, "");
  return crypto.createHash("sha1").update(text, "latin1").digest("hex");
}

/** A public key's type and bytes: RFC 4253, section 6.6; RFC 5656, section 3.1. */
function openssh({ kty, e, n, x, y }: crypto.JsonWebKey): { type: string; blob: Buffer } {
  const isRsa = kty === "RSA";
  const type = isRsa ? "ssh-rsa" : "ecdsa-sha2-nistp256";
  const rest = isRsa
    ? [integer(e), integer(n)]
    : [text("nistp256"), text(Buffer.concat([Buffer.of(4), bytes(x), bytes(y)]))];
  return { type, blob: Buffer.concat([text(type), ...rest]) };
}

/** A private key's file, without passphrase and comment: openssh-key-v1, in OpenSSH's PROTOCOL.key. */
function opensshFile(key: crypto.JsonWebKey): string {
  const { type, blob } = openssh(key);
  const { n, e, d, qi, p, q } = key;
  const parts = key.kty === "RSA" ? [text(type), ...[n, e, d, qi, p, q].map(integer)] : [blob, integer(d)];
  const check = crypto.randomBytes(4);
  const secret = Buffer.concat([check, check, ...parts, text("")]);
  const padding = Buffer.of(1, 2, 3, 4, 5, 6, 7).subarray(0, -secret.length & 7);
  const head = [Buffer.from("openssh-key-v1\0"), text("none"), text("none"), text(""), uint32(1)];
  const file = Buffer.concat([...head, text(blob), text(Buffer.concat([secret, padding]))]);
  const lines = file.toString("base64").match(/.{1,70}/g)!;
  return ["-----BEGIN OPENSSH PRIVATE KEY-----", ...lines, "-----END OPENSSH PRIVATE KEY-----\n"].join("\n");
}

const bytes = (base64url: string | undefined) => Buffer.from(base64url!, "base64url");

function uint32(value: number): Buffer {
  return Buffer.from(value.toString(16).padStart(8, "0"), "hex");
}

function text(value: string | Buffer): Buffer {
  return Buffer.concat([uint32(value.length), Buffer.from(value as string)]);
}

/** As few bytes as have a highest bit of zero. */
function integer(base64url: string | undefined): Buffer {
  const value = BigInt(`0x${bytes(base64url).toString("hex")}`);
  const length = Math.floor(value.toString(2).length / 8) + 1;
  return text(Buffer.from(value.toString(16).padStart(2 * length, "0"), "hex"));
}
