import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { settingsIn } from "../mesh/settings";

/** The settings as this stack's file holds them, encrypted ones as `{secure: …}`; `{}` where they come from elsewhere. */
export async function storedSettings(): Promise<Record<string, unknown>> {
  const file = `Pulumi.${pulumi.getStack()}.yaml`;
  try {
    return settingsIn(await readFile(join(pulumi.getRootDirectory(), file), "utf8"), file);
  } catch {
    return {};
  }
}
