/** istiod out of an image, from a registry on loopback. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { ensureToolchain } from "../../lab/toolchain";
import { findIstiod } from "../../lab/toolchain/istiod";

const program = "#!/bin/sh\necho 1.2.3\n";
const before = { ...process.env };

let crane: string;
let dir: string;
let registry: ChildProcess;
let port: number;
/** What the registry answers for a layer, where it is not what it has. */
let otherLayer: Buffer | undefined;
let front: http.Server;
let hub: string;
const lines: string[] = [];
const report = (line: string) => void lines.push(line);

beforeAll(async () => {
  ({ crane } = await ensureToolchain(["crane"], { report }));
  dir = fs.mkdtempSync(path.join(tmpdir(), "weft-image-"));
  registry = spawn(crane, ["registry", "serve", "--address", "127.0.0.1:0"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  port = await new Promise<number>((resolve) => {
    createInterface(registry.stderr!).on("line", (line) => {
      const found = /serving on port (\d+)/.exec(line)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
  front = http.createServer((request, response) => void forward(request, response)).listen(0, "127.0.0.1");
  await once(front, "listening");
  hub = `127.0.0.1:${(front.address() as AddressInfo).port}/istio`;
  push("1.2.3", layer("right", program));
});

afterAll(async () => {
  front.closeAllConnections();
  front.close();
  registry.kill();
  await once(registry, "exit");
  fs.rmSync(dir, { recursive: true });
});

beforeEach(() => {
  otherLayer = undefined;
  lines.length = 0;
  // The program that asks the registry is taken from PATH; everything else from an empty cache.
  const bin = path.join(dir, "bin");
  fs.mkdirSync(bin, { recursive: true });
  fs.rmSync(path.join(bin, "crane"), { force: true });
  fs.symlinkSync(crane, path.join(bin, "crane"));
  process.env.PATH = [bin, before.PATH].join(path.delimiter);
  process.env.XDG_CACHE_HOME = fs.mkdtempSync(path.join(dir, "cache-"));
});

afterEach(() => {
  process.env = { ...before };
});

/** A layer with istiod, as a compressed archive, under a wrapper of files that a real image has beside it. */
function layer(name: string, istiod: string): string {
  const root = path.join(dir, name);
  fs.mkdirSync(path.join(root, "usr/local/bin"), { recursive: true });
  fs.mkdirSync(path.join(root, "etc"));
  fs.writeFileSync(path.join(root, "usr/local/bin/pilot-discovery"), istiod, { mode: 0o755 });
  fs.writeFileSync(path.join(root, "etc/passwd"), "nobody");
  execFileSync("tar", ["-czf", `${root}.tar.gz`, "-C", root, "etc", "usr"]);
  return `${root}.tar.gz`;
}

function push(version: string, file: string): void {
  const image = `127.0.0.1:${port}/istio/pilot:${version}`;
  execFileSync(crane, ["append", "--new_layer", file, "--new_tag", image], { stdio: "ignore" });
}

/** Passes a request on to the registry; gives `otherLayer` for the layer. */
async function forward(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}${request.url}`, { method: request.method ?? "GET" });
  const body = Buffer.from(await answer.arrayBuffer());
  const isLayer = request.url!.includes("/blobs/") && body.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]));
  const type = answer.headers.get("content-type") ?? "application/octet-stream";
  response.writeHead(answer.status, { "content-type": type }).end(isLayer && otherLayer ? otherLayer : body);
}

const cached = () =>
  fs
    .readdirSync(process.env.XDG_CACHE_HOME!, { recursive: true })
    .filter((name) => String(name).includes("pilot"));

test("istiod is taken out of its image, once", async () => {
  const istiod = await findIstiod("1.2.3", hub, { report });
  expect(execFileSync(istiod!, { encoding: "utf8" })).toBe("1.2.3\n");
  expect(lines).toContain(`istiod 1.2.3: out of the image ${hub}/pilot:1.2.3`);

  lines.length = 0;
  expect(await findIstiod("1.2.3", hub, { report })).toBe(istiod);
  expect(lines).toEqual([`istiod 1.2.3: in the cache, ${istiod}`]);
});

test("a layer that is not the one of the manifest is refused, and nothing of it is kept", async () => {
  otherLayer = fs.readFileSync(layer("wrong", "#!/bin/sh\necho evil\n"));
  expect(await findIstiod("1.2.3", hub, { report })).toBeUndefined();
  expect(lines.at(-1)).toMatch(/^istiod 1\.2\.3: not taken out of its image, .*error verifying/s);
  expect(cached().filter((name) => !String(name).endsWith("pilot-discovery"))).toEqual([]);
  expect(fs.existsSync(path.join(process.env.XDG_CACHE_HOME!, "weft"))).toBe(true);
});

test("a version that the registry does not have is not had, and neither is one without a registry", async () => {
  expect(await findIstiod("1.2.4", hub, { report })).toBeUndefined();
  expect(lines.at(-1)).toMatch(/^istiod 1\.2\.4: not taken out of its image/);
  expect(await findIstiod("1.2.3", "127.0.0.1:1/istio", { report })).toBeUndefined();
});

test.each([
  ["1.2.3", true],
  ["1.2.3-rc.0", false],
  ["1.2.4", false],
])("istiod %s on PATH is used for 1.2.3: %s", async (version, isUsed) => {
  const file = path.join(dir, "bin/pilot-discovery");
  fs.writeFileSync(file, `#!/bin/sh\n[ "$*" = "version --short" ] && echo ${version}\n`, { mode: 0o755 });
  try {
    const istiod = await findIstiod("1.2.3", "127.0.0.1:1/istio", { report });
    expect(istiod).toBe(isUsed ? file : undefined);
  } finally {
    fs.rmSync(file);
  }
});
