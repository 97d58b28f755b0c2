import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { stringify } from "yaml";
import { makeIdentity, startFakeApiServer, type FakeApiServer } from "../../clusters/fake-api-server";

const root = join(__dirname, "../../..");

let folder: string;
let asked: Promise<void>;
let server: FakeApiServer;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "weft-watch-"));
  let tellAsked!: () => void;
  asked = new Promise((resolve) => (tellAsked = resolve));
  server = await startFakeApiServer(await makeIdentity(), () => {
    tellAsked();
    return "silence";
  });
  writeFileSync(join(folder, "kubeconfig"), server.kubeconfig());
  const clusters = [{ name: "one", context: "here" }];
  writeFileSync(join(folder, "Pulumi.prod.yaml"), stringify({ config: { "weft:clusters": clusters } }));
});
afterEach(async () => {
  child?.kill("SIGKILL");
  await server.close();
  rmSync(folder, { recursive: true });
});

/** As the image does it: in a folder that holds nothing but the stack config, and without an engine. */
function watch(...args: string[]) {
  const loader = join(root, "node_modules/tsx/dist/loader.mjs");
  const own = spawn(
    process.execPath,
    ["--import", loader, join(root, "operate/watch.ts"), "--stack", "prod", ...args],
    {
      cwd: folder,
      env: { KUBECONFIG: join(folder, "kubeconfig"), PATH: folder },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  child = own;
  const output = Promise.all([text(own.stdout), text(own.stderr)]).then((texts) => texts.join(""));
  return { child: own, exit: once(own, "exit"), output };
}

test.each(["SIGTERM", "SIGINT"] as const)("%s in the middle of a look ends it at once", async (signal) => {
  const { child: own, exit, output } = watch("--metrics", "127.0.0.1:0");
  await asked;
  own.kill(signal);
  expect(await exit).toEqual([0, null]);
  expect(await output).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics, from the first look on\n$/);
});

test("an address that is taken is told, and what stack config lacks", async () => {
  const taken = net.createServer().listen(0, "127.0.0.1");
  await once(taken, "listening");
  const { port } = taken.address() as AddressInfo;
  const first = watch("--metrics", `127.0.0.1:${port}`);
  expect(await first.exit).toEqual([2, null]);
  expect(await first.output).toBe("--metrics: nothing can be served at this address (EADDRINUSE).\n");
  taken.close();

  rmSync(join(folder, "Pulumi.prod.yaml"));
  const second = watch("--metrics", "127.0.0.1:0");
  expect(await second.exit).toEqual([2, null]);
  expect(await second.output).toContain("There is no such stack config.");
});
