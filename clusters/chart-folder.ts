/** The charts in a folder. */
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { posix } from "node:path";
import { ConfigError } from "../mesh/problems";

/**
 * Path of a chart in a folder: unpacked, or a packed one of this version.
 * Relative paths stay relative: the state is the same on every machine, and the provider runs in the project's folder.
 * @param setting path of the source in stack config, for the error.
 * @throws ConfigError when the folder does not hold the chart.
 */
export function chartIn(folder: string, name: string, version: string, setting: string): string {
  const unpacked = posix.join(folder, name);
  if (existsSync(posix.join(unpacked, "Chart.yaml"))) return relative(unpacked);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    const remedy = "Give the path of a folder, absolute or from the project's folder.";
    throw new ConfigError([
      { path: `${setting}.path`, value: folder, message: "There is no such folder.", remedy },
    ]);
  }
  const packed = readdirSync(folder).filter(
    (file) => file.startsWith(`${name}-`) && /^\d.*\.tgz$/.test(file.slice(name.length + 1)),
  );
  const match = `${name}-${version}.tgz`;
  if (packed.includes(match)) return relative(posix.join(folder, match));
  throw new ConfigError([
    {
      path: `${setting}.path`,
      value: folder,
      message:
        packed.length === 0
          ? `The folder holds no chart '${name}'.`
          : `The folder holds ${packed.sort().join(", ")}, but not version ${version}.`,
      remedy: `Put the folder ${name}/ or the file ${match} there.`,
    },
  ]);
}

/** The schema that a chart has for its values; undefined where it has none that can be read, or is packed: then Helm alone judges. */
export function schemaIn(folder: string, name: string): object | undefined {
  try {
    return JSON.parse(readFileSync(posix.join(folder, name, "values.schema.json"), "utf8")) as object;
  } catch {
    return undefined;
  }
}

/** Helm takes a bare `charts/base` for a chart `base` of a repository `charts`. */
function relative(path: string): string {
  return posix.isAbsolute(path) || path.startsWith("../") ? path : `./${path}`;
}
