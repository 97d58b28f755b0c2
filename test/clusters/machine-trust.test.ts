import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type FakeApiServer, makeIdentity, startFakeApiServer } from "./fake-api-server";

/** Reads as Weft does, in a process of its own: Node takes what it trusts from its environment, and only when it starts. */
const program = `
  require("tsx/cjs");
  const { ApiClient } = require("./clusters/api-client");
  const { resolveKubeconfig } = require("./clusters/kubeconfig");
  (async () => {
    const kubeconfig = await resolveKubeconfig({ path: "here", kubeconfig: process.env.HERE });
    const api = await ApiClient.of(kubeconfig, 30_000);
    const answer = await api.get("/version").catch((error) => error.message);
    console.log(JSON.stringify(answer));
    api.close();
  })();
`;

let server: FakeApiServer;
let folder: string;
let ca: string;
beforeAll(async () => {
  const identity = await makeIdentity();
  server = await startFakeApiServer(identity, () => ({ gitVersion: "v1.34.0" }));
  folder = await mkdtemp(join(os.tmpdir(), "weft-trust-"));
  ca = join(folder, "ca.pem");
  await writeFile(ca, identity.ca);
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** @returns what an API server answers whose CA the kubeconfig does not name. */
async function read(environment: Record<string, string>, flags: string[] = []): Promise<unknown> {
  const HERE = server.kubeconfig({ cluster: { "certificate-authority-data": undefined } });
  const env = { ...process.env, ...environment, HERE };
  const cwd = join(__dirname, "../..");
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, "-e", program], { env, cwd });
  return JSON.parse(stdout);
}

test("what nobody vouches for is not read", async () => {
  expect(await read({})).toMatch(/^tls: [A-Z_]+$/);
});

test("$NODE_EXTRA_CA_CERTS is trusted", async () => {
  expect(await read({ NODE_EXTRA_CA_CERTS: ca })).toEqual({ gitVersion: "v1.34.0" });
});

test("what the operating system trusts is trusted where Node is told to", async () => {
  const [system] = ["--use-system-ca", "--use-openssl-ca"].filter((flag) =>
    process.allowedNodeEnvironmentFlags.has(flag),
  );
  expect(await read({ SSL_CERT_FILE: ca }, [system!])).toEqual({ gitVersion: "v1.34.0" });
});
