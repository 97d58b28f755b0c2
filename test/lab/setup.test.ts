import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

jest.setTimeout(60_000);

const root = join(__dirname, "../..");

let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), "weft-setup-"));
  mkdirSync(join(checkout, "lab"));
  mkdirSync(join(checkout, "bin"));
  copyFileSync(join(root, "lab/setup.mjs"), join(checkout, "lab/setup.mjs"));
  file("package.json", JSON.stringify({ engines: { node: ">=20.19" } }));
  file("package-lock.json", "{}");
  file(
    "echo.ts",
    "const args: string[] = process.argv.slice(2); console.log(JSON.stringify(args)); process.exit(7);",
  );
  npm("exit 1");
});
afterEach(() => rmSync(checkout, { recursive: true }));

function file(name: string, content: string): void {
  writeFileSync(join(checkout, name), content);
}

/** Puts a program in npm's place that leaves its arguments in a file. */
function npm(script: string): void {
  file("bin/npm", `#!/bin/sh\necho "$@" > npm-was-called\n${script}\n`);
  chmodSync(join(checkout, "bin/npm"), 0o755);
}

/** What `npm ci` leaves, some seconds older or newer than the lock file. */
function dependencies(seconds: number): void {
  mkdirSync(join(checkout, "node_modules"));
  for (const name of ["tsx", "esbuild", "get-tsconfig", "resolve-pkg-maps", "@esbuild"]) {
    if (existsSync(join(root, "node_modules", name))) {
      symlinkSync(join(root, "node_modules", name), join(checkout, "node_modules", name));
    }
  }
  file("node_modules/.package-lock.json", "{}");
  const at = new Date(Date.now() + seconds * 1000);
  utimesSync(join(checkout, "node_modules/.package-lock.json"), at, at);
}

const environment = () => ({
  ...process.env,
  PATH: [join(checkout, "bin"), process.env.PATH].join(delimiter),
});

function setup(...args: string[]) {
  return spawnSync(process.execPath, [join(checkout, "lab/setup.mjs"), ...args], {
    encoding: "utf8",
    env: environment(),
  });
}

test("an old Node is named, with the one that is needed", () => {
  file("package.json", JSON.stringify({ engines: { node: ">=999.1" } }));
  const { status, stderr } = setup();

  expect(stderr).toBe(`Weft needs Node >=999.1; ${process.execPath} is ${process.version}.\n`);
  expect(status).toBe(1);
});

test.each([
  ["missing", undefined],
  ["older than the lock file", -60],
])("dependencies that are %s are installed", (_, age) => {
  if (age !== undefined) dependencies(age);
  npm("exit 0");

  expect(setup().status).toBe(0);
  expect(readFileSync(join(checkout, "npm-was-called"), "utf8")).toMatch(/^ci /);
});

test("when they cannot be installed, npm says why, and nothing is run", () => {
  npm("echo 'no network' >&2; exit 1");
  const { status, stdout, stderr } = setup("echo.ts");

  expect(stderr).toContain("no network");
  expect(stderr).toContain("npm ci failed.");
  expect(stdout).toBe("");
  expect(status).toBe(1);
});

test("with dependencies in place the file is run with its arguments, and its exit code is passed on", () => {
  dependencies(60);
  const { status, stdout } = setup("echo.ts", "up", "--clusters", "3");

  expect(JSON.parse(stdout)).toEqual(["up", "--clusters", "3"]);
  expect(status).toBe(7);
  expect(existsSync(join(checkout, "npm-was-called"))).toBe(false);
});

test("a signal reaches what is run, which decides how it ends", async () => {
  dependencies(60);
  file(
    "wait.ts",
    "process.on('SIGTERM', () => process.exit(9)); console.log('ready'); setInterval(() => {}, 1000);",
  );
  const child = spawn(process.execPath, [join(checkout, "lab/setup.mjs"), "wait.ts"], {
    env: environment(),
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  child.kill("SIGTERM");

  expect((await once(child, "exit"))[0]).toBe(9);
});
