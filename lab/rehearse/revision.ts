/** What git knows: the stack's config and the program as they were in a commit. Reads; the only files written are in `into`. */
import { execFile } from "node:child_process";
import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { LabError } from "../error";
import { contentsOf } from "../files";

const run = promisify(execFile);

/** All that an `up` runs, beside the stack's config. */
const program = "index.ts mesh clusters components Pulumi.yaml package.json package-lock.json".split(" ");

export class Revision {
  private constructor(
    private readonly project: string,
    /** As it was asked for: a branch, a tag, a hash. */
    readonly name: string,
    /** Hash of the commit. */
    readonly commit: string,
  ) {}

  /**
   * @param project the checkout.
   * @param name default: the commit where HEAD left the main branch.
   * @throws LabError when there is no such commit
   */
  static async of(project: string, name?: string): Promise<Revision> {
    const git = (...args: string[]) => gitIn(project, args);
    if (name === undefined) {
      for (const main of ["origin/HEAD", "origin/main", "main"]) {
        const base = await git("merge-base", "HEAD", main).catch(() => undefined);
        if (base !== undefined) return new Revision(project, base.slice(0, 12), base);
      }
      throw new LabError(
        "git knows no main branch to compare with. Say which commit the stack runs: --from REF.",
      );
    }
    const commit = await git("rev-parse", "--verify", "--quiet", `${name}^{commit}`).catch(() => undefined);
    if (commit === undefined) {
      throw new LabError(
        `git knows no commit ${name}. A shallow clone has only the last one: git fetch --unshallow.`,
      );
    }
    return new Revision(project, name, commit);
  }

  /** The contents of a file of the project; undefined where there was none. */
  async read(file: string): Promise<string | undefined> {
    const there = await gitIn(this.project, ["ls-tree", "--name-only", this.commit, `./${file}`]);
    return there === "" ? undefined : gitIn(this.project, ["show", `${this.commit}:./${file}`]);
  }

  /** Whether the program, or the packages that it uses, are others in the working tree. */
  async changes(): Promise<{ program: boolean; packages: boolean }> {
    const differs = async (paths: string[]) => {
      const files = (...query: string[]) => gitIn(this.project, [...query, "--", ...paths]);
      const tracked = await files("diff", "--name-only", "--relative", this.commit);
      return tracked + (await files("ls-files", "--others", "--exclude-standard")) !== "";
    };
    return { program: await differs(program), packages: await differs(["package-lock.json"]) };
  }

  /** Puts the program of this commit into a folder that is made for it, with the packages of the working tree. */
  async exportProgram(into: string): Promise<void> {
    await mkdir(into, { recursive: true });
    const archive = join(into, "program.tar");
    try {
      await gitIn(this.project, ["archive", `--output=${archive}`, this.commit, "."]);
      await run("tar", ["-xf", archive, "-C", into]);
    } catch {
      throw new LabError(`The program of ${this.name} cannot be read from git.`);
    }
    await rm(archive);
    await symlink(join(this.project, "node_modules"), join(into, "node_modules"));
  }
}

/** The contents of a file of the working tree; undefined where there is none. */
export function readWorkingTree(project: string, file: string): Promise<string | undefined> {
  return contentsOf(join(project, file), file);
}

async function gitIn(project: string, args: string[]): Promise<string> {
  const { stdout } = await run("git", args, { cwd: project, maxBuffer: 1 << 26 });
  return stdout.trim();
}
