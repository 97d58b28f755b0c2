/** GitHub's comments, through its own command line, which its runners have. https://cli.github.com/manual/gh_api */
import { execFile } from "node:child_process";
import { z } from "zod";
import { ReviewError } from "./error";
import type { Comments } from "./post";

const listed = z.array(
  z.array(z.object({ id: z.number(), body: z.string(), user: z.object({ login: z.string() }) })),
);

/**
 * @param repository `owner/name`.
 * @param pullRequest its number.
 */
export function commentsOf(repository: string, pullRequest: number): Comments {
  const issue = `repos/${repository}/issues/${pullRequest}/comments`;
  return {
    list: async () => {
      const pages = listed.parse(JSON.parse(await gh(["--paginate", "--slurp", `${issue}?per_page=100`])));
      return pages.flat().map(({ id, body, user }) => ({ id, body, author: user.login }));
    },
    create: async (body) => void (await gh(["--method", "POST", issue, "--input", "-"], { body })),
    update: async (id, body) =>
      void (await gh(["--method", "PATCH", `repos/${repository}/issues/comments/${id}`, "--input", "-"], {
        body,
      })),
  };
}

/** @throws ReviewError with what GitHub answers. */
function gh(args: string[], input?: { body: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      "gh",
      ["api", ...args],
      { maxBuffer: 1 << 28, env: process.env },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(
            new ReviewError(error.code === "ENOENT" ? noGh : `gh api ${args.join(" ")}: ${stderr.trim()}`),
          );
      },
    );
    // One that ends before it has read all says why by itself.
    child.stdin?.on("error", () => {});
    child.stdin?.end(input === undefined ? "" : JSON.stringify(input));
  });
}

const noGh = "There is no program `gh` on PATH: https://cli.github.com";
