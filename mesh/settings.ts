/** The settings of a stack, from how Pulumi stores them to what the schema takes. */
import { parse } from "yaml";
import { z } from "zod";
import { ConfigError } from "./problems";

const stackFile = z.object({ config: z.record(z.string(), z.unknown()).nullish() }).nullable();

/**
 * All settings in the text of a `Pulumi.<stack>.yaml`; encrypted ones as they stand there, `{secure: …}`.
 * @param file the name by which the reader knows it
 * @throws ConfigError when it is not YAML, or its `config` is not a map
 */
export function settingsIn(text: string, file: string): Record<string, unknown> {
  const parsed = stackFile.safeParse(fromYaml(text, file));
  if (!parsed.success) throw new ConfigError([{ path: file, message: "Its `config` is not a map." }]);
  const settings = Object.entries(parsed.data?.config ?? {});
  return Object.fromEntries(
    settings.map(([key, value]) => [key, key.startsWith("weft:") ? structured(value) : value]),
  );
}

function fromYaml(text: string, file: string): unknown {
  try {
    // Pulumi reads YAML 1.1's merge keys.
    return parse(text, { merge: true });
  } catch (error) {
    // The lines after the first show the text around the mistake.
    const [reason] = (error as Error).message.split(/:?\n/);
    throw new ConfigError([{ path: file, message: `It is not YAML: ${reason}.` }]);
  }
}

/**
 * `pulumi config set` without --path stores a map or a list as text, and the engine hands every structure to the program as JSON. Text
 * that is not JSON stays text: the schema refuses it with its path.
 */
export function structured(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
