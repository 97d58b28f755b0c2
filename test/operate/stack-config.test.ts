import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { hasSecrets, readMeshOf } from "../../operate/stack-config";

let folder: string;
const path = process.env.PATH;
beforeEach(async () => {
  folder = await mkdtemp(join(os.tmpdir(), "weft-stack-"));
});
afterEach(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true, force: true });
});

const read = async (stack: string) =>
  (await readMeshOf(stack, { folder, warn: () => undefined })).members.map(({ name }) => name);
const config = (name: string) => `config:\n  weft:clusters:\n    - {name: ${name}, context: c}\n`;

/** A program `pulumi` that prints this, or fails. */
async function pulumi(script: string): Promise<void> {
  await writeFile(join(folder, "pulumi"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "pulumi"), 0o755);
  process.env.PATH = `${folder}:${path}`;
}

test("a stack's own file, also by the stack's full name", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), config("one"));
  expect(await read("prod")).toEqual(["one"]);
  expect(await read("org/weft/prod")).toEqual(["one"]);
});

test("for dev the lab's, where there is a lab", async () => {
  await writeFile(join(folder, "Pulumi.dev.yaml"), config("configured"));
  expect(await read("dev")).toEqual(["configured"]);
  await mkdir(join(folder, ".lab/stack"), { recursive: true });
  await writeFile(join(folder, ".lab/stack/Pulumi.dev.yaml"), config("lab"));
  expect(await read("dev")).toEqual(["lab"]);
});

test.each([
  ["missing", undefined, "There is no such stack config."],
  ["empty", "", "weft:clusters\n  Required: a list."],
  ["broken", "config: {", "It is not YAML: "],
])("a file that is %s", async (_, text, message) => {
  if (text !== undefined) await writeFile(join(folder, "Pulumi.prod.yaml"), text);
  await expect(read("prod")).rejects.toThrow(message);
});

const asText = '[{"name":"one","context":"c"}]';

test("a list that `pulumi config set` has stored as text", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), `config:\n  weft:clusters: '${asText}'\n`);
  expect(await read("prod")).toEqual(["one"]);
});

test("a list that is one secret", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), "config:\n  weft:clusters: {secure: v1:abc}\n");
  await pulumi(`echo '${JSON.stringify({ "weft:clusters": { value: asText, secret: true } })}'`);
  expect(await read("prod")).toEqual(["one"]);
});

test("text that is no list is refused as that", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), "config:\n  weft:clusters: one, two\n");
  await expect(read("prod")).rejects.toThrow("weft:clusters = one, two\n  Expected a list.");
});

test("encrypted values are found at any depth", () => {
  expect(hasSecrets({ a: [{ kubeconfig: { secure: "v1:x" } }] })).toBe(true);
  expect(hasSecrets({ a: [{ secure: { b: 1 } }], c: null })).toBe(false);
});

const encrypted = "config:\n  weft:clusters:\n    - {name: one, kubeconfig: {secure: v1:abc}}\n";

test("encrypted values are read by the engine", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), encrypted);
  const shown = { "weft:clusters": { value: "[]", objectValue: [{ name: "one", context: "c" }] } };
  await pulumi(`[ "$*" = "config --show-secrets --json --stack prod" ] && echo '${JSON.stringify(shown)}'`);
  expect(await read("prod")).toEqual(["one"]);
});

test("an engine that cannot read them says nothing of them", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), encrypted);
  await pulumi("echo s3cr3t; echo s3cr3t >&2; exit 255");
  const failure = await read("prod").catch((error: Error) => error.message);
  expect(failure).toContain("`pulumi` cannot read them");
  expect(failure).not.toContain("s3cr3t");
});

test("without an engine it says what is missing", async () => {
  await writeFile(join(folder, "Pulumi.prod.yaml"), encrypted);
  process.env.PATH = folder;
  await expect(read("prod")).rejects.toThrow("there is no program `pulumi` on PATH");
});
