/** The stack config that `npm start` converges, checked before anything is started for it. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseMesh } from "../../mesh/parse";
import { LabError } from "../error";
import type { StackFile } from "./config";

const schema = z.object({ config: z.record(z.string(), z.unknown()) });
const map = z.record(z.string(), z.unknown());

/**
 * Reads a `Pulumi.<stack>.yaml`. How its clusters are reached is left open: the lab says that.
 * @throws LabError when it is no stack config
 * @throws ConfigError with every mistake in it
 */
export async function readStackFile(file: string): Promise<StackFile> {
  const name = path.basename(file);
  const text = await fs.readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new LabError(`${file} cannot be read (${error.code}).`);
  });
  const document = schema.safeParse(fromYaml(text, name));
  if (!document.success) throw new LabError(`${name} has no map \`config\`.`);

  const { config } = document.data;
  parseMesh({ mesh: onLoopback(config["weft:mesh"]), clusters: reached(config["weft:clusters"]) });
  return document.data as StackFile;
}

function fromYaml(text: string, name: string): unknown {
  try {
    return parse(text, { merge: true });
  } catch (error) {
    throw new LabError(`${name} is not YAML: ${(error as Error).message}`);
  }
}

function onLoopback(mesh: unknown): unknown {
  const parsed = map.safeParse(mesh ?? {});
  if (!parsed.success) return mesh;
  const remoteAccess = map.safeParse(parsed.data.remoteAccess ?? {});
  if (!remoteAccess.success) return mesh;
  return { ...parsed.data, remoteAccess: { ...remoteAccess.data, allowLoopback: true } };
}

function reached(clusters: unknown): unknown {
  if (!Array.isArray(clusters)) return clusters;
  return clusters.map((entry: unknown) => {
    const parsed = map.safeParse(entry);
    return parsed.success ? { ...parsed.data, context: "lab" } : entry;
  });
}
