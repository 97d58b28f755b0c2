import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { commentsOf } from "../../review/github";
import { temporaryFolder } from "./folder";

/** Stands for GitHub's command line: notes how it was called, and answers. */
function fakeGh(answer: { stdout?: string; stderr?: string; code?: number }): () => string[] {
  const folder = temporaryFolder();
  const calls = join(folder, "calls");
  const program = join(folder, "gh");
  writeFileSync(
    program,
    `#!${process.execPath}
const fs = require("node:fs");
const call = { args: process.argv.slice(2), input: fs.readFileSync(0, "utf8") };
fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify(call) + "\\n");
process.stdout.write(${JSON.stringify(answer.stdout ?? "{}")});
process.stderr.write(${JSON.stringify(answer.stderr ?? "")});
process.exit(${answer.code ?? 0});
`,
  );
  chmodSync(program, 0o755);
  process.env.PATH = `${folder}${delimiter}${path}`;
  return () => readFileSync(calls, "utf8").trim().split("\n");
}

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

const call = (args: string[], input: object | "" = "") =>
  JSON.stringify({ args, input: input === "" ? "" : JSON.stringify(input) });

test("comments are listed from every page", async () => {
  const comment = (id: number) => ({ id, body: `body ${id}`, user: { login: "octocat" }, url: "more" });
  const calls = fakeGh({ stdout: JSON.stringify([[comment(1), comment(2)], [comment(3)]]) });
  expect(await commentsOf("o/r", 7).list()).toEqual(
    [1, 2, 3].map((id) => ({ id, body: `body ${id}`, author: "octocat" })),
  );
  expect(calls()).toEqual([
    call(["api", "--paginate", "--slurp", "repos/o/r/issues/7/comments?per_page=100"]),
  ]);
});

test("a body goes in by standard input, whatever it holds and however long it is", async () => {
  const calls = fakeGh({});
  const body = `"$(id)" @file\n${"x".repeat(60_000)}`;
  await commentsOf("o/r", 7).create(body);
  await commentsOf("o/r", 7).update(12, body);
  expect(calls()).toEqual([
    call(["api", "--method", "POST", "repos/o/r/issues/7/comments", "--input", "-"], { body }),
    call(["api", "--method", "PATCH", "repos/o/r/issues/comments/12", "--input", "-"], { body }),
  ]);
});

test("what GitHub refuses is said with its own words", async () => {
  fakeGh({ code: 1, stderr: "gh: Resource not accessible by integration (HTTP 403)\n" });
  await expect(commentsOf("o/r", 7).create("body")).rejects.toThrow(
    "gh api --method POST repos/o/r/issues/7/comments --input -: gh: Resource not accessible by integration (HTTP 403)",
  );
});

test("without gh it says where to get it", async () => {
  process.env.PATH = temporaryFolder();
  await expect(commentsOf("o/r", 7).list()).rejects.toThrow(
    "There is no program `gh` on PATH: https://cli.github.com",
  );
});
