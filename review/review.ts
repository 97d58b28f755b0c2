/** `npm run review`: what the workflows of a pull request call. Changes nothing but the comments on it. */
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { z } from "zod";
import { UsageError } from "../operate/usage";
import { commentOn, commentWithout } from "./comment";
import { ReviewError } from "./error";
import { commentsOf } from "./github";
import { parseOptions, usage, type Command } from "./review-options";
import { post } from "./post";
import { parsePreview } from "./preview";
import { stackOf, stacksTouched } from "./stacks";

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  switch (options.command) {
    case "help":
      return console.log(usage);
    case "stacks":
      return console.log(JSON.stringify(await touched(options)));
    case "comment":
      return console.log(await comment(options));
    case "post":
      return postAll(options);
  }
}

type Options<C> = Extract<Command, { command: C }>;

async function touched({ base, head }: Options<"stacks">): Promise<string[]> {
  const files = (await readdir(".")).flatMap((file) => stackOf(file) ?? []);
  const stacks: string[] = [];
  for (const stack of files) {
    if (await isLocal(stack)) console.error(`${stack} lives on the machine that runs it: left out.`);
    else stacks.push(stack);
  }
  const changed = await changedFiles(base, head);
  if (changed === undefined)
    console.error(`There is no commit ${base} to compare with: every stack counts as touched.`);
  return changed === undefined ? stacks.sort() : stacksTouched(changed, stacks);
}

const stackFile = z.object({
  config: z.object({
    "weft:mesh": z.object({ remoteAccess: z.object({ allowLoopback: z.literal(true) }) }),
  }),
});

/** Its members read each other over loopback, as those of the lab do, so no other machine reaches them. */
async function isLocal(stack: string): Promise<boolean> {
  const file = `Pulumi.${stack}.yaml`;
  const text = await readFile(file, "utf8");
  try {
    return stackFile.safeParse(parse(text)).success;
  } catch {
    throw new ReviewError(`${file} is not YAML.`);
  }
}

/** undefined where there is no such base: the first push of a branch, or one that was forced. */
async function changedFiles(base: string, head: string): Promise<string[] | undefined> {
  const isThere = await git(["rev-parse", "--quiet", "--verify", `${base}^{commit}`]).then(
    () => true,
    () => false,
  );
  if (!isThere) return undefined;
  const names = await git(["diff", "--name-only", "--no-renames", "-z", base, head, "--"]).catch(
    (error: unknown) => {
      throw new ReviewError((error as { stderr: string }).stderr.trim());
    },
  );
  return names.split("\0").filter((name) => name !== "");
}

async function git(args: string[]): Promise<string> {
  return (await promisify(execFile)("git", args, { maxBuffer: 1 << 28 })).stdout;
}

async function comment({ stack, preview }: Options<"comment">): Promise<string> {
  const {
    GITHUB_SERVER_URL: server,
    GITHUB_REPOSITORY: repository,
    GITHUB_RUN_ID: run,
    COMMIT: commit,
  } = process.env;
  const source = commit && run ? { commit, run: `${server}/${repository}/actions/runs/${run}` } : undefined;
  const text = await readFile(preview, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new ReviewError(`${preview} cannot be read (${error.code}).`);
  });
  return commentOn({ stack, preview: parsePreview(text), source });
}

async function postAll({ pullRequest, stacks, comments }: Options<"post">): Promise<void> {
  const repository = process.env.GITHUB_REPOSITORY;
  if (!repository) throw new UsageError("post needs $GITHUB_REPOSITORY: owner/name.");
  const bodies = new Map<string, string>();
  for (const stack of stacks) {
    bodies.set(
      stack,
      await readFile(join(resolve(comments), `${stack}.md`), "utf8").catch(() =>
        commentWithout(
          stack,
          "There is no preview: the job that makes it did not get that far. Its log says why.",
        ),
      ),
    );
  }
  await post(commentsOf(repository, pullRequest), bodies);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else if (error instanceof ReviewError) console.error(error.message);
  else throw error;
  process.exitCode = 2;
});
