/** The build with a Go that notes what it is asked, in a cache of the test's own. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { ensureToolchain } from "../../../lab/toolchain";
import { build } from "../../../lab/toolchain/go";
import { platform } from "../../../lab/toolchain/programs";

const before = { ...process.env };
let folder: string;
let sources: string;
const lines: string[] = [];
const options = { report: (line: string) => void lines.push(line) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-go-"));
  sources = join(folder, "module");
  mkdirSync(sources);
  writeFileSync(join(sources, "go.mod"), "module example.org/m\n\ngo 1.26.0\n");
  process.env.XDG_CACHE_HOME = join(folder, "cache");
  lines.length = 0;
});
afterEach(() => {
  process.env = { ...before };
  rmSync(folder, { recursive: true });
});

/** @param script what `go build` does; `$out` is the folder for the programs. */
function fakeGo(script: string): void {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const file = join(bin, "go");
  writeFileSync(
    file,
    `#!/bin/sh
[ "$1" = version ] && { echo "go version go1.26.8 linux/amd64"; exit; }
printf '%s\\n' "$*" >> '${folder}/calls'
[ "$1" = list ] && { echo one; echo two; echo "go: downloading three" >&2; exit; }
while [ "$1" != -o ]; do shift; done
out=$2
${script}
`,
  );
  chmodSync(file, 0o755);
  process.env.PATH = [bin, process.env.PATH].join(delimiter);
}

const calls = () => readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
const mains = () => [
  {
    package: "example.org/tool/v3",
    variables: { "example.org/tool/v3.version": "3.1.0" },
    target: join(folder, "cache/tool/3.1.0/tool"),
  },
  { package: "./own", target: join(folder, "cache/own/own") },
];

test("programs are built in one run, each with its own variables, and put in their places", async () => {
  fakeGo('echo tool > "$out/tool"; echo own > "$out/own"; echo one >&2; echo two >&2');
  await build(sources, mains(), options);

  const flags = `-trimpath -buildvcs=false -mod=readonly -ldflags example.org/tool/v3=-s -w -X example.org/tool/v3.version=3.1.0 -ldflags ./own=-s -w`;
  const [list, run] = calls();
  expect(calls()).toHaveLength(2);
  expect(list).toBe(`list -deps -f {{if .Stale}}{{.ImportPath}}{{end}} ${flags} example.org/tool/v3 ./own`);
  expect(run).toMatch(/ -o \S+\/ example\.org\/tool\/v3 \.\/own$/);
  expect(run).toContain(`build -v ${flags} -o `);
  expect(mains().map(({ target }) => readFileSync(target, "utf8"))).toEqual(["tool\n", "own\n"]);
  expect(lines).toEqual(["2 packages to compile"]);
});

test("a build that fails leaves nothing behind, and says how Go's words end", async () => {
  fakeGo(
    'echo tool > "$out/tool"; echo "# example.org/own" >&2; echo "own.go:1:1: expected package" >&2; exit 1',
  );
  await expect(build(sources, mains(), options)).rejects.toThrow(
    "go build fails:\n# example.org/own\nown.go:1:1: expected package",
  );
  expect(mains().filter(({ target }) => existsSync(target))).toEqual([]);
  expect(
    readdirSync(join(folder, "cache"), { recursive: true }).filter((name) => /tool|own/.test(String(name))),
  ).toEqual([]);
});

test("programs that are neither on PATH nor downloaded are built, each once, and then found in the cache", async () => {
  fakeGo('for main in "$@"; do program=${main##*/}; echo "$program" > "$out/$program"; done');
  const wanted = ["istiods", "pulumi-resource-kubernetes", "istiods"] as const;
  const paths = await ensureToolchain(wanted, options);

  expect(readFileSync(paths.istiods, "utf8")).toBe("istiods\n");
  expect(readFileSync(paths["pulumi-resource-kubernetes"], "utf8")).toBe("pulumi-resource-kubernetes\n");
  expect(calls().filter((call) => call.startsWith("build"))).toEqual([
    expect.stringMatching(/ -o \S+\/ \.\/istiods \.\/pulumi-resource-kubernetes$/),
  ]);

  lines.length = 0;
  expect(await ensureToolchain(wanted, options)).toEqual(paths);
  expect(calls().filter((call) => call.startsWith("build"))).toHaveLength(1);
  expect(lines).toEqual([
    `istiods, pulumi-resource-kubernetes: in the cache, ${join(folder, "cache/weft", `${platform.os}-${platform.arch}`)}`,
  ]);
});
