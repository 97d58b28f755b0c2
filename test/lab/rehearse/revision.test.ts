import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWorkingTree, Revision } from "../../../lab/rehearse/revision";

let project: string;
const git = (...args: string[]) =>
  execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.com", ...args], {
    cwd: project,
    encoding: "utf8",
  }).trim();
const write = (file: string, text: string) => writeFileSync(join(project, file), text);

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "weft-revision-"));
  git("init", "-q", "-b", "main");
  mkdirSync(join(project, "node_modules"));
  write(".gitignore", "node_modules\n");
  write("index.ts", "old\n");
  write("Pulumi.prod.yaml", "old\n");
  git("add", ".");
  git("commit", "-qm", "old");
});
afterEach(() => rmSync(project, { recursive: true }));

test("by default it is the commit where the branch left main", async () => {
  const base = git("rev-parse", "HEAD");
  git("checkout", "-qb", "change");
  write("Pulumi.prod.yaml", "new\n");
  git("commit", "-qam", "new");

  const revision = await Revision.of(project);
  expect(revision.commit).toBe(base);
  expect(await revision.read("Pulumi.prod.yaml")).toBe("old");
  expect(await readWorkingTree(project, "Pulumi.prod.yaml")).toBe("new\n");
});

test("a file that the commit does not have is none", async () => {
  expect(await (await Revision.of(project, "HEAD")).read("Pulumi.dev.yaml")).toBeUndefined();
  expect(await readWorkingTree(project, "Pulumi.dev.yaml")).toBeUndefined();
});

test("a program changes with a file that is edited, or that is new; not with a stack's config", async () => {
  const revision = await Revision.of(project, "HEAD");
  write("Pulumi.prod.yaml", "new\n");
  expect(await revision.changes()).toEqual({ program: false, packages: false });

  mkdirSync(join(project, "mesh"));
  write("mesh/new.ts", "");
  expect(await revision.changes()).toEqual({ program: true, packages: false });

  write("package-lock.json", "{}");
  expect(await revision.changes()).toEqual({ program: true, packages: true });
});

test("the old program is put aside with the packages of the working tree", async () => {
  write("index.ts", "new\n");
  const into = join(project, "node_modules", "before");

  await (await Revision.of(project, "HEAD")).exportProgram(into);

  expect(readFileSync(join(into, "index.ts"), "utf8")).toBe("old\n");
  expect(existsSync(join(into, "node_modules/before/index.ts"))).toBe(true);
});

test("a commit that is not there is refused", async () => {
  await expect(Revision.of(project, "v9")).rejects.toThrow("git knows no commit v9.");
});
