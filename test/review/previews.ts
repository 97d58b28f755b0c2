/** Previews that Pulumi's engine made: see test/fixtures/previews/record.ts. */
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(__dirname, "../fixtures/previews");

export const recorded = readdirSync(folder)
  .filter((file) => file.endsWith(".jsonl"))
  .map((file) => file.replace(".jsonl", ""));

export function preview(name: string): string {
  return readFileSync(join(folder, `${name}.jsonl`), "utf8");
}

export type Event = Record<string, Record<string, unknown> | number>;

/** The same, with each event changed. */
export function edited(name: string, edit: (event: Event) => void): string {
  return preview(name)
    .trim()
    .split("\n")
    .map((line) => {
      const event = JSON.parse(line) as Event;
      edit(event);
      return JSON.stringify(event);
    })
    .join("\n");
}
