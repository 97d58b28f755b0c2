import { renameSync, writeFileSync } from "node:fs";

/** Writes a file, readable by its owner only, in one step: whoever reads it sees the old contents or the new. */
export function replaceFile(file: string, contents: string): void {
  const unfinished = `${file}.unfinished`;
  writeFileSync(unfinished, contents, { mode: 0o600 });
  renameSync(unfinished, file);
}
