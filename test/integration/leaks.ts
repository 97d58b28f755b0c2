/** Looks for secrets where none may be. */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";

/** How many of the forms in which these secrets could stand in JSON or text are in a text. */
export function leaked(secrets: string[], text: string): number {
  return secrets.flatMap(needles).filter((needle) => text.includes(needle)).length;
}

/** Plain, escaped, in base64; of a key also its first line, however it is wrapped. */
function needles(secret: string): string[] {
  const plain = secret.trim();
  const key = /PRIVATE KEY-----\n(.+)/.exec(plain)?.[1];
  const base64 = [secret, plain].map((form) => Buffer.from(form).toString("base64"));
  return [plain, JSON.stringify(plain).slice(1, -1), ...base64, ...(key === undefined ? [] : [key])];
}

/** The contents of all files of a folder, such as what the engine has stored: checkpoint, backups and history. */
export async function contentsBelow(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  if (files.length === 0) throw new Error(`no file in ${folder}`);
  const contents = files.map((entry) => readFile(join(entry.parentPath, entry.name), "utf8"));
  return (await Promise.all(contents)).join("\n");
}
