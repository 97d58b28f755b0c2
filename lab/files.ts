/** Files that a person would miss. */
import { renameSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { LabError } from "./error";

/** Writes a file, readable by its owner only, in one step: whoever reads it sees the old contents or the new. */
export function replaceFile(file: string, contents: string): void {
  const unfinished = `${file}.unfinished`;
  writeFileSync(unfinished, contents, { mode: 0o600 });
  renameSync(unfinished, file);
}

/**
 * The contents of a file; undefined where there is none.
 * @param name by which the reader of an error knows it.
 * @throws LabError when it is there and cannot be read
 */
export function contentsOf(file: string, name = file): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw new LabError(`${name} cannot be read (${error.code}).`);
  });
}
