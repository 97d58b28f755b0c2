/** `npm run review` as the workflows call it. */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseOptions } from "../../review/review-options";
import { temporaryFolder } from "./folder";

const project = resolve(__dirname, "../..");

function review(args: string[], cwd = project) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--import", require.resolve("tsx"), join(project, "review/review.ts"), ...args],
    { cwd, encoding: "utf8" },
  );
  return { status, stdout, stderr };
}

/** A repository with stacks `prod`, `staging` and a local one; one commit for each of `changes`. */
function repository(...changes: Record<string, string>[]): string {
  const folder = temporaryFolder();
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@t", ...args], { cwd: folder });
  git("init", "--quiet");
  const first = {
    "Pulumi.yaml": "name: weft",
    "Pulumi.prod.yaml": "config: {weft:clusters: [{name: a}]}",
    "Pulumi.staging.yaml": "config: {weft:mesh: {secure: AAABBB}}",
    "Pulumi.dev.yaml": "config: {weft:mesh: {remoteAccess: {allowLoopback: true}}}",
    "README.md": "#",
  };
  for (const files of [first, ...changes]) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    git("add", "--all");
    git("commit", "--quiet", "--message", "change");
  }
  return folder;
}

const changed = "config: {weft:clusters: [{name: a}, {name: b}]}";

test("a change of one stack's config names that stack", () => {
  const { stdout, status } = review(
    ["stacks", "--base", "HEAD^1"],
    repository({ "Pulumi.prod.yaml": changed }),
  );
  expect([status, stdout]).toEqual([0, '["prod"]\n']);
});

test("a change of the program names every stack that lives on more than one machine", () => {
  const { stdout, stderr } = review(["stacks", "--base", "HEAD^1"], repository({ "index.ts": "// new" }));
  expect(stdout).toBe('["prod","staging"]\n');
  expect(stderr).toContain("dev lives on the machine that runs it: left out.");
});

test("a change of the docs names none", () => {
  expect(review(["stacks", "--base", "HEAD^1"], repository({ "README.md": "# Weft" })).stdout).toBe("[]\n");
});

test("between two commits, what comes after the second does not count", () => {
  const folder = repository({ "README.md": "# Weft" }, { "Pulumi.prod.yaml": changed });
  expect(review(["stacks", "--base", "HEAD~2", "--head", "HEAD~1"], folder).stdout).toBe("[]\n");
  expect(review(["stacks", "--base", "HEAD~1"], folder).stdout).toBe('["prod"]\n');
});

test("where there is nothing to compare with, every stack counts as touched", () => {
  const { stdout, stderr } = review(["stacks", "--base", "0".repeat(40)], repository());
  expect(stdout).toBe('["prod","staging"]\n');
  expect(stderr).toContain("every stack counts as touched");
});

test.each([
  [[], "A command is missing."],
  [["deploy"], "deploy: no such command."],
  [["stacks", "prod"], "prod: not understood."],
  [["stacks"], "stacks needs --base."],
  [["comment", "--stack", "prod"], "comment needs --preview."],
  [
    ["post", "--pull-request", "7; id", "--stacks", "[]", "--comments", "."],
    "--pull-request 7; id: the number",
  ],
  [
    ["post", "--pull-request", "7", "--stacks", "prod", "--comments", "."],
    "--stacks prod: a JSON list of names",
  ],
])("%j is refused", (args, message) => {
  expect(() => parseOptions(args)).toThrow(message);
});

test("what is refused is said with the usage, and no stack trace", () => {
  const { status, stderr } = review(["deploy"]);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^deploy: no such command\.\n\nUsage: npm run review/);
  expect(stderr).not.toMatch(/^\s+at /m);
});
