/** What in stack config is secret. A program is told which keys hold secrets, but not where in them. */
import type { z } from "zod";
import { isFreeForm, isSecret } from "./schema-tree";

/**
 * The texts and numbers of a setting that are secret:
 *
 * - what the stack's file holds encrypted;
 * - where the file does not say (another file, an environment of Pulumi ESC, the whole setting encrypted as one), what the
 *   schema takes as it is, such as Helm values, annotations and a reason in words: names, versions and the like are no secrets, and a kubeconfig
 *   or a key is one wherever it is used.
 *
 * @param schema of the setting.
 * @param value the setting, decrypted.
 * @param stored the setting as the stack's file has it, encrypted values as `{secure: …}`; undefined where there is none.
 */
export function secretLeaves(schema: z.ZodType, value: unknown, stored: unknown): Set<string> {
  const found = new Set<string>();
  const walk = (leaf: unknown, kept: unknown, path: PropertyKey[]) => {
    if (typeof leaf === "object" && leaf !== null) {
      for (const [key, item] of Object.entries(leaf)) walk(item, childOf(kept, key), [...path, key]);
    } else if (typeof leaf === "string" ? leaf !== "" : typeof leaf === "number") {
      const isKept =
        isEncrypted(kept) || (kept !== leaf && isFreeForm(schema, path) && !isSecret(schema, path));
      if (isKept) found.add(String(leaf));
    }
  };
  walk(value, stored, []);
  return found;
}

function childOf(stored: unknown, key: string): unknown {
  const isStructure = typeof stored === "object" && stored !== null && !isEncrypted(stored);
  return isStructure && Object.hasOwn(stored, key) ? (stored as Record<string, unknown>)[key] : undefined;
}

/** https://www.pulumi.com/docs/iac/concepts/secrets/#configuration-and-secrets */
function isEncrypted(stored: unknown): boolean {
  return (
    typeof stored === "object" &&
    stored !== null &&
    Object.keys(stored).join() === "secure" &&
    typeof (stored as { secure?: unknown }).secure === "string"
  );
}
