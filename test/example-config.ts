/** The stack config of an example, as its file says it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { StackFile } from "../lab/engine/config";
import { newIntermediate, newRoot } from "./components/mocks";

export const examplesFolder = join(__dirname, "../examples");

/** What a user puts in place of the words in capitals of `provided-root`. */
export interface Authorities {
  root: { certificate: string; key: string };
  /** Of cluster2, signed by the root. */
  intermediate: { certificate: string; key: string };
}

export async function newAuthorities(): Promise<Authorities> {
  const root = await newRoot("given");
  return { root, intermediate: await newIntermediate("cluster2", root) };
}

/** `config` of an example's file, with PEM in place of the words that stand for it. */
export function exampleConfig(name: string, { root, intermediate }: Authorities): StackFile["config"] {
  const words = new Map([
    ["ROOT_CERTIFICATE", root.certificate],
    ["ROOT_KEY", root.key],
    ["INTERMEDIATE_CERTIFICATE", intermediate.certificate],
    ["INTERMEDIATE_KEY", intermediate.key],
  ]);
  const text = readFileSync(join(examplesFolder, name, `Pulumi.${name}.yaml`), "utf8");
  const reviver = (_key: unknown, value: unknown) =>
    typeof value === "string" ? (words.get(value) ?? value) : value;
  return (parse(text, reviver) as StackFile).config;
}
