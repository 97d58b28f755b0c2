// Makes this checkout runnable: `node lab/setup.mjs [file.ts [arguments]]` checks Node, installs the dependencies when they are
// missing or stale, and runs the file. Plain JavaScript without dependencies, because it is what runs before there are any.
import { spawn, spawnSync } from "node:child_process";
import { lstatSync, readFileSync, statSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

checkNode();
installDependencies();
const [file, ...args] = process.argv.slice(2);
if (file !== undefined) run(file, args);

function checkNode() {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node;
  const [major, minor] = /(\d+)\.(\d+)/.exec(wanted).slice(1).map(Number);
  const [ownMajor, ownMinor] = process.versions.node.split(".").map(Number);
  if (ownMajor > major || (ownMajor === major && ownMinor >= minor)) return;
  console.error(`Weft needs Node ${wanted}; ${process.execPath} is ${process.version}.`);
  process.exit(1);
}

function installDependencies() {
  const changed = (path) => statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // npm writes this file when an installation is complete.
  if (changed("node_modules/.package-lock.json") >= changed("package-lock.json")) return;
  if (lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error(
      "node_modules is a link, and stale: npm ci would empty the folder that it leads to. Remove the link.",
    );
    process.exit(1);
  }
  console.error("Installing dependencies (npm ci) …");
  const { status, error, stdout, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
    encoding: "utf8",
  });
  if (status === 0) return;
  console.error(`${stdout ?? ""}${stderr ?? ""}\nnpm ci failed${error ? `: ${error.message}` : ""}.`);
  process.exit(1);
}

function run(file, args) {
  const child = spawn(process.execPath, ["--import", "tsx", file, ...args], { cwd: root, stdio: "inherit" });
  child.once("error", (error) => {
    console.error(error.message);
    process.exit(1);
  });
  // A terminal sends Ctrl-C to the child as well: here it only must not end this process before the child has ended.
  process.on("SIGINT", () => {});
  for (const signal of ["SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
