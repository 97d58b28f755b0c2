/** The stack config that `npm start` converges, checked before anything is started for it. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { z } from "zod";
import { parseMesh } from "../../mesh/parse";
import { settingsIn } from "../../mesh/settings";
import { LabError } from "../error";
import type { StackFile } from "./config";

const map = z.record(z.string(), z.unknown());

/**
 * Reads a `Pulumi.<stack>.yaml`. How its clusters are reached is left open: the lab says that.
 * @throws LabError when it cannot be read
 * @throws ConfigError with every mistake in it
 */
export async function readStackFile(file: string): Promise<StackFile> {
  const text = await fs.readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new LabError(`${file} cannot be read (${error.code}).`);
  });
  const config = settingsIn(text, path.basename(file));
  parseMesh({ mesh: onLoopback(config["weft:mesh"]), clusters: reached(config["weft:clusters"]) });
  return { config } as StackFile;
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
