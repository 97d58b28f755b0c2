import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { readStackFile } from "../../../lab/engine/stack-file";

let folder: string;

beforeEach(async () => {
  folder = await fs.mkdtemp(path.join(os.tmpdir(), "weft-stack-file-"));
});
afterEach(() => fs.rm(folder, { recursive: true }));

async function read(text: string) {
  const file = path.join(folder, "Pulumi.dev.yaml");
  await fs.writeFile(file, text);
  return readStackFile(file);
}

test("the stack config of the project is read as it is written", async () => {
  const { config } = await readStackFile(path.resolve(__dirname, "../../../Pulumi.dev.yaml"));
  expect(config["weft:clusters"].map(({ name }) => name)).toEqual(["cluster1", "cluster2", "cluster3"]);
});

test("a member needs no way in, and may have an API server on this machine: the lab brings both", async () => {
  const { config } = await read(
    "config: {weft:clusters: [{name: a}, {name: b, apiServer: 'https://127.0.0.1:6443'}]}",
  );
  expect(config["weft:clusters"]).toEqual([
    { name: "a" },
    { name: "b", apiServer: "https://127.0.0.1:6443" },
  ]);
});

test("a list that `pulumi config set` has stored as text is one", async () => {
  const { config } = await read(`config: {weft:clusters: '[{"name": "a"}]'}`);
  expect(config["weft:clusters"]).toEqual([{ name: "a" }]);
});

test.each([
  ["", ["weft:clusters"]],
  ["config: {weft:clusters: [{name: a]}", ["Pulumi.dev.yaml"]],
  ["config: {weft:clusters: {name: a}}", ["weft:clusters"]],
  ["config: {weft:mesh: text, weft:clusters: [text]}", ["weft:mesh", "weft:clusters[0]"]],
  ["config: {weft:clusters: [{name: ../a}, {nmae: b}]}", ["weft:clusters[0].name", "weft:clusters[1].name"]],
  [
    "config: {weft:mesh: {remoteAccess: 3}, weft:clusters: [{name: a}, {name: a}]}",
    ["weft:mesh.remoteAccess", "weft:clusters[1].name"],
  ],
])("%j is refused with every mistake in it", async (text, paths) => {
  const error = (await read(text).catch((thrown: unknown) => thrown)) as { problems: { path: string }[] };
  expect(error.problems.map(({ path }) => path)).toEqual(expect.arrayContaining(paths));
});

test("a file that is not there is named", async () => {
  const file = path.join(folder, "Pulumi.dev.yaml");
  await expect(readStackFile(file)).rejects.toThrow(`There is no ${file}.`);
});
