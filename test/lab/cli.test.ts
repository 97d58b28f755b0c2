import { spawnSync } from "node:child_process";
import { join } from "node:path";

jest.setTimeout(60_000);

const root = join(__dirname, "../..");

function lab(...args: string[]) {
  return spawnSync(process.execPath, ["--import", "tsx", join(root, "lab/cli.ts"), ...args], {
    cwd: root,
    encoding: "utf8",
  });
}

test.each([
  [[], "No command."],
  [["start"], 'Unknown command "start".'],
  [["up", "3"], "Unexpected argument '3'"],
  [["up", "--clusters", "0"], '--clusters is "0"; it takes a number from 1 on.'],
  [["up", "--clusters", "three"], '--clusters is "three"; it takes a number from 1 on.'],
  [["down", "--clusters", "3"], "Unknown option '--clusters'"],
  [["up", "--cluster", "3"], "Unknown option '--cluster'"],
])("%j is refused with what is wrong and the usage", (args, problem) => {
  const { status, stdout, stderr } = lab(...args);

  expect(stderr).toContain(problem);
  expect(stderr).toContain("Usage: npm run lab -- <command>");
  expect(stderr).not.toContain("    at ");
  expect(stdout).toBe("");
  expect(status).toBe(2);
});

test("--help is the usage alone", () => {
  const { status, stdout, stderr } = lab("--help");

  expect(stdout).toMatch(/^Usage: npm run lab -- <command>/);
  expect(stderr).toBe("");
  expect(status).toBe(0);
});
