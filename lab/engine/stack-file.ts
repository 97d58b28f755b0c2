/** The stack config that `npm start` converges, checked before anything is started for it. */
import * as path from "node:path";
import { isMap } from "../../mesh/istio-values";
import { parseMesh } from "../../mesh/parse";
import { settingsIn } from "../../mesh/settings";
import { LabError } from "../error";
import { contentsOf } from "../files";
import type { StackFile } from "./config";

/**
 * Reads a `Pulumi.<stack>.yaml`. How its clusters are reached is left open: the lab says that.
 * @throws LabError when it cannot be read
 * @throws ConfigError with every mistake in it
 */
export async function readStackFile(file: string): Promise<StackFile> {
  const text = await contentsOf(file);
  if (text === undefined) throw new LabError(`There is no ${file}.`);
  const config = settingsIn(text, path.basename(file));
  const { "weft:mesh": mesh = {}, "weft:clusters": clusters } = config;
  const { remoteAccess = {} } = isMap(mesh) ? mesh : {};
  parseMesh({
    mesh:
      isMap(mesh) && isMap(remoteAccess)
        ? { ...mesh, remoteAccess: { ...remoteAccess, allowLoopback: true } }
        : mesh,
    clusters: Array.isArray(clusters)
      ? clusters.map((entry: unknown) => (isMap(entry) ? { ...entry, context: "lab" } : entry))
      : clusters,
  });
  return { config } as StackFile;
}
