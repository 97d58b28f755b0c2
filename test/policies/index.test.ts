import * as fs from "node:fs";
import * as path from "node:path";
import type { Policy } from "@pulumi/policy";

const folder = path.resolve(__dirname, "../../policies");
const read = (file: string) => fs.readFileSync(path.join(folder, file), "utf8");

/** The policies by the name that their file exports them under. The index itself cannot be imported: it starts a server. */
const policies = fs
  .readdirSync(folder)
  .filter((file) => file.endsWith(".ts") && file !== "index.ts")
  .flatMap((file) => Object.entries(jest.requireActual<Record<string, Policy>>(path.join(folder, file))))
  .filter(([, value]) => typeof value === "object" && "enforcementLevel" in value);

test("every policy is in the pack, under the name of its file", () => {
  const listed = /policies: \[([^\]]*)\]/.exec(read("index.ts"))![1]!.match(/\w+/g)!;
  expect(policies.length).toBeGreaterThan(10);
  expect(listed.toSorted()).toEqual(policies.map(([exported]) => exported).sort());
  for (const [exported, { name }] of policies) {
    expect(name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())).toBe(exported);
    expect(fs.existsSync(path.join(folder, `${name}.ts`))).toBe(true);
  }
});

test("the README names every policy with its level", () => {
  const rows = [...read("README.md").matchAll(/^\| `([\w-]+)`\s*\| (\w+)/gm)].map(
    ([, name, level]) => `${name} ${level}`,
  );
  expect(rows.sort()).toEqual(
    policies.map(([, { name, enforcementLevel }]) => `${name} ${enforcementLevel}`).sort(),
  );
});
