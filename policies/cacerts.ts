/** The certificates in a Secret `cacerts`, as istiod will read them. */
import { X509Certificate } from "node:crypto";
import { at, isKind } from "./resource";

/** https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/ */
export const isCacerts = (type: string, props: unknown): boolean =>
  isKind(type, "core", "Secret") && at(props, "metadata", "name") === "cacerts";

/**
 * The certificates in a file of the Secret; none where it is not known yet. Whether the PEM can be read at all is for the program
 * to say, with the setting it came from.
 */
export function certificatesIn(props: unknown, file: string): X509Certificate[] {
  const blocks =
    textOf(props, file).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

function textOf(props: unknown, file: string): string {
  const data = at(props, "data", file);
  if (typeof data === "string") return Buffer.from(data, "base64").toString("utf8");
  const text = at(props, "stringData", file);
  return typeof text === "string" ? text : "";
}

/** Milliseconds. */
export const lifetimeOf = ({ validFrom, validTo }: X509Certificate) =>
  Date.parse(validTo) - Date.parse(validFrom);
