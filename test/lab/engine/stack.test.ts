import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { parse } from "yaml";
import { passphrase, writeStackConfig } from "../../../lab/engine/stack";

let folder: string;
let file: string;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "weft-stack-"));
  file = path.join(folder, "file");
});
afterEach(() => fs.rm(folder, { recursive: true }));

const modeOf = async (name: string) => (await fs.stat(name)).mode & 0o777;

test("the passphrase of a lab is made once, for its owner's eyes", async () => {
  const made = await passphrase(file);

  expect(made).toMatch(/^[\w-]{43}$/);
  expect(await passphrase(file)).toBe(made);
  expect(await modeOf(file)).toBe(0o600);
});

test("config is replaced, and the salt beside it stays", async () => {
  await writeStackConfig(file, { "weft:mesh": { id: "one" } });
  await fs.appendFile(file, "encryptionsalt: v1:salt\n");
  await writeStackConfig(file, { "weft:mesh": { id: "two" } });

  expect(parse(await fs.readFile(file, "utf8"))).toEqual({
    config: { "weft:mesh": { id: "two" } },
    encryptionsalt: "v1:salt",
  });
  expect(await modeOf(file)).toBe(0o600);
  expect(await fs.readdir(folder)).toEqual(["file"]);
});

test.each([
  ["passphrase", () => passphrase(file)],
  ["stack config", () => writeStackConfig(file, {})],
])("a %s that is there and cannot be read is not made anew", async (_, use) => {
  await fs.mkdir(file);
  await expect(use()).rejects.toThrow(`${file} cannot be read (EISDIR).`);
});
