import * as tls from "@pulumi/tls";

/** A key that is too short for a CA. */
export default function weakKey(): Promise<void> {
  new tls.PrivateKey("root-key", { algorithm: "RSA", rsaBits: 2048 });
  return Promise.resolve();
}
