import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checksumIn, ChecksumMismatch, download, isReachable } from "../../../lab/toolchain/download";

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");

describe("a download", () => {
  const content = Buffer.from("#!/bin/sh\necho hello\n");
  let server: Server;
  let base: string;
  let folder: string;
  let files: Record<string, Buffer | string>;
  let ranges: (string | undefined)[];

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "weft-download-"));
    files = { "/tool": content, "/tool.sha256": sha256(content) };
    ranges = [];
    server = createServer((request, response) => {
      const file = files[request.url ?? ""];
      if (file === undefined) return response.writeHead(404).end();
      if (request.url === "/tool") ranges.push(request.headers.range);
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (from > 0 && from >= file.length) return response.writeHead(416).end();
      return response.writeHead(from > 0 ? 206 : 200).end(Buffer.from(file).subarray(from));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true });
  });

  const source = () => ({ url: `${base}/tool`, checksumUrl: `${base}/tool.sha256` });
  const target = () => join(folder, "tool", "1.0.0");

  test("ends up executable in its place, and leaves nothing beside it", async () => {
    const path = await download(source(), "program", target());

    expect(path).toBe(join(target(), "program"));
    expect(execFileSync(path, { encoding: "utf8" })).toBe("hello\n");
    expect(readdirSync(join(folder, "tool"))).toEqual(["1.0.0"]);
  });

  test("is refused when it has another checksum than the published one, and nothing of it is kept", async () => {
    files["/tool.sha256"] = sha256("something else");

    await expect(download(source(), "program", target())).rejects.toThrow(ChecksumMismatch);
    expect(readdirSync(join(folder, "tool"))).toEqual([]);
  });

  test("is refused when no checksum is published", async () => {
    files["/tool.sha256"] = "<html>Sign in to the hotel's network</html>";

    await expect(download(source(), "program", target())).rejects.toThrow("no SHA-256 of tool is published");
    expect(existsSync(target())).toBe(false);
  });

  test("says what the server answers when it has no such file", async () => {
    files["/gone.sha256"] = sha256(content);
    await expect(
      download({ url: `${base}/gone`, checksumUrl: `${base}/gone.sha256` }, "program", target()),
    ).rejects.toThrow(`${base}/gone answers 404`);
  });

  test.each([
    ["goes on where an interrupted one stopped", 7],
    ["asks for nothing more when an interrupted one was whole", content.length],
  ])("%s", async (_, have) => {
    mkdirSync(join(folder, "tool"));
    writeFileSync(`${target()}.tool.partial`, content.subarray(0, have));

    const path = await download(source(), "program", target());

    expect(ranges).toEqual([`bytes=${have}-`]);
    expect(readFileSync(path)).toEqual(content);
  });

  test("of an archive is unpacked whole, and its program found inside", async () => {
    mkdirSync(join(folder, "in", "bin"), { recursive: true });
    writeFileSync(join(folder, "in", "bin", "program"), content);
    writeFileSync(join(folder, "in", "bin", "other"), "");
    execFileSync("tar", ["-czf", "archive.tar.gz", "-C", "in", "bin"], { cwd: folder });
    files["/archive.tar.gz"] = readFileSync(join(folder, "archive.tar.gz"));
    files["/SUMS"] = `${sha256("x")}  other.tar.gz\n${sha256(files["/archive.tar.gz"])}  archive.tar.gz\n`;

    const path = await download(
      { url: `${base}/archive.tar.gz`, checksumUrl: `${base}/SUMS`, member: "bin/program" },
      "program",
      target(),
    );

    expect(path).toBe(join(target(), "bin", "program"));
    expect(statSync(path).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(target(), "bin")).sort()).toEqual(["other", "program"]);
  });

  test("a host that answers is reachable, and asked only once", async () => {
    expect(await isReachable(`${base}/tool`)).toBe(true);
    await new Promise((resolve) => server.close(resolve));
    expect(await isReachable(`${base}/other`)).toBe(true);
  });

  test("a host is reachable though this process was held up while it answered", async () => {
    const answer = isReachable(`${base}/tool`);
    process.nextTick(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_100));
    expect(await answer).toBe(true);
  });

  test("a host that refuses connections is not reachable", async () => {
    expect(await isReachable("http://127.0.0.1:1/tool")).toBe(false);
  });
});

describe("the checksum of a file", () => {
  const sum = sha256("a");

  test.each([
    ["alone", `${sum}\n`],
    ["in capitals", sum.toUpperCase()],
    ["in a list", `${sha256("b")}  tool.zip\n${sum}  tool.tar.gz\n`],
    ["in a list of binary files", `${sum} *tool.tar.gz`],
    ["in a list with folders", `${sum}  ./dist/tool.tar.gz`],
    [
      "as the digest of a release asset",
      JSON.stringify({ assets: [{ name: "tool.tar.gz", digest: `sha256:${sum}` }] }),
    ],
  ])("is found %s", (_, published) => {
    expect(checksumIn(published, "tool.tar.gz")).toBe(sum);
  });

  test.each([
    ["a list without it", `${sum}  tool.tar.gz.sig\n`],
    ["a release without digests", JSON.stringify({ assets: [{ name: "tool.tar.gz", digest: null }] })],
    ["a digest of another kind", JSON.stringify({ assets: [{ name: "tool.tar.gz", digest: "md5:00" }] })],
    ["nothing", ""],
  ])("is not made up from %s", (_, published) => {
    expect(() => checksumIn(published, "tool.tar.gz")).toThrow("no SHA-256 of tool.tar.gz is published");
  });
});
