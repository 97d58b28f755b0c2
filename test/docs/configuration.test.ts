import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { changesPage, configuration } from "../../docs/generate";
import { parseMesh } from "../../mesh/parse";

const written = readFileSync(join(__dirname, "../../docs/configuration.md"), "utf8");

it("docs/configuration.md is what `npm run docs` writes", () => {
  expect(written).toBe(configuration());
});

it("docs/changes.md is what `npm run docs` writes", () => {
  expect(readFileSync(join(__dirname, "../../docs/changes.md"), "utf8")).toBe(changesPage());
});

it("its example is a stack that parses", () => {
  const [, yaml] = /```yaml\n([^]*?)```/.exec(written)!;
  const { config } = parse(yaml!) as { config: Record<string, unknown> };
  const { members } = parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] });
  expect(members.map(({ name, role }) => [name, role])).toEqual([
    ["east", "primary"],
    ["edge", "remote"],
    ["west", "primary"],
  ]);
});

it("every key has a meaning, save those that their name explains", () => {
  const keys = configuration()
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.split(" | "));
  const bare = keys.filter((cells) => cells[3] === " |" || cells[3] === "|").map(([key]) => key);
  expect(keys.length).toBeGreaterThan(80);
  expect(bare).toEqual([]);
});
