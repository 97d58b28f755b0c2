/** Finding private keys, tokens and kubeconfigs among the properties of a resource. */
import { Secret } from "@pulumi/policy";

export interface KeyMaterial {
  /** Where it stands: `data["ca-key.pem"]`. */
  path: string;
  /** Names of the properties on the way there. */
  keys: string[];
  kind: "private key" | "kubeconfig";
  /** Whether it, or something around it, is marked secret. Seen by remediations only: the library takes the mark off elsewhere. */
  secret: boolean;
}

export function keyMaterial(props: unknown): KeyMaterial[] {
  return [...walk(props, [], false)];
}

/**
 * Reads property descriptors, not properties: the library's proxies throw at a value that a preview does not know,
 * and hide the marks of secrets, but leave descriptors alone.
 */
function* walk(value: unknown, keys: string[], secret: boolean): Generator<KeyMaterial> {
  if (value instanceof Secret) {
    yield* walk(value.value, keys, true);
  } else if (typeof value === "string") {
    const kind = kindOf(value) ?? kindOf(decoded(value));
    if (kind !== undefined) yield { path: pathOf(keys), keys, kind, secret };
  } else if (typeof value === "object" && value !== null) {
    for (const key of Object.keys(value)) {
      yield* walk(Object.getOwnPropertyDescriptor(value, key)?.value, [...keys, key], secret);
    }
  }
}

function kindOf(text: string): KeyMaterial["kind"] | undefined {
  if (
    /^\s*"?kind"?\s*:\s*"?Config"?\s*,?\s*$|"kind"\s*:\s*"Config"/m.test(text) &&
    /"?users"?\s*:/.test(text)
  ) {
    return "kubeconfig";
  }
  return /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/.test(text) ? "private key" : undefined;
}

/** The `data` of a Secret is base64. */
function decoded(text: string): string {
  return /^[A-Za-z0-9+/\s]{40,}={0,2}\s*$/.test(text) ? Buffer.from(text, "base64").toString("utf8") : "";
}

function pathOf(keys: string[]): string {
  return keys
    .map((key, index) => {
      if (/^\d+$/.test(key)) return `[${key}]`;
      if (!/^\w+$/.test(key)) return `["${key}"]`;
      return index === 0 ? key : `.${key}`;
    })
    .join("");
}
