import { createPrivateKey, X509Certificate } from "node:crypto";
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
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";
import { writeKubeconfig } from "../../../lab/control-plane/kubeconfig";
import { ensurePki } from "../../../lab/control-plane/pki";

let dir: string;
let folder: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "weft-pki-"));
  folder = join(dir, "pki");
  // What an interrupted run leaves.
  mkdirSync(`${folder}.unfinished`);
  writeFileSync(join(`${folder}.unfinished`, "ca.crt"), "half");
  await ensurePki(folder, "one CA", {
    server: { subject: "CN=server", serves: true },
    admin: { subject: "CN=kubernetes-admin,O=system:masters" },
  });
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (name: string) => readFileSync(join(folder, name));

test("every certificate is signed by the folder's CA and belongs to its key", () => {
  const ca = new X509Certificate(read("ca.crt"));
  for (const name of ["server", "admin"]) {
    const certificate = new X509Certificate(read(`${name}.crt`));
    expect(certificate.verify(ca.publicKey)).toBe(true);
    expect(certificate.checkIssued(ca)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(read(`${name}.key`)))).toBe(true);
    expect(certificate.ca).toBe(false);
  }
  expect(ca.ca).toBe(true);
});

test("a client's certificate names its user and group, and serves nobody", () => {
  const admin = new X509Certificate(read("admin.crt"));

  expect(admin.subject.split("\n").sort()).toEqual(["CN=kubernetes-admin", "O=system:masters"]);
  expect(admin.keyUsage).toEqual(["1.3.6.1.5.5.7.3.2"]);
  expect(admin.subjectAltName).toBeUndefined();
});

test("a server's certificate is for its address", () => {
  const server = new X509Certificate(read("server.crt"));

  expect(server.checkIP("127.0.0.1")).toBe("127.0.0.1");
  expect(server.checkIP("127.0.0.2")).toBeUndefined();
});

test("only the owner can read it, the CA's key is nowhere, and nothing unfinished stays", () => {
  expect(readdirSync(dir)).toEqual(["pki"]);
  expect(readdirSync(folder).sort()).toEqual([
    "admin.crt",
    "admin.key",
    "ca.crt",
    "server.crt",
    "server.key",
  ]);
  expect(readdirSync(folder).filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)).toEqual([]);
});

test("what is there stays", async () => {
  const before = read("ca.crt").toString();
  await ensurePki(folder, "another CA", {});

  expect(read("ca.crt").toString()).toBe(before);
  expect(existsSync(`${folder}.unfinished`)).toBe(false);
});

test("a kubeconfig has a context for each cluster, the first one current, and needs no other file", () => {
  const file = join(dir, "kubeconfig");
  const entry = (name: string) => ({ name, server: `https://127.0.0.1/${name}`, pki: folder, user: "admin" });
  writeKubeconfig(file, [entry("one"), entry("two")]);
  const base64 = (name: string) => read(name).toString("base64");

  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(parse(readFileSync(file, "utf8"))).toEqual({
    apiVersion: "v1",
    kind: "Config",
    clusters: ["one", "two"].map((name) => ({
      name,
      cluster: { server: `https://127.0.0.1/${name}`, "certificate-authority-data": base64("ca.crt") },
    })),
    users: ["one", "two"].map((name) => ({
      name: `${name}-admin`,
      user: { "client-certificate-data": base64("admin.crt"), "client-key-data": base64("admin.key") },
    })),
    contexts: ["one", "two"].map((name) => ({ name, context: { cluster: name, user: `${name}-admin` } })),
    "current-context": "one",
  });
});

test("a cluster may be named what YAML 1.1, which Go's parsers read, takes for a boolean", () => {
  const file = join(dir, "kubeconfig");
  writeKubeconfig(file, [{ name: "y", server: "https://127.0.0.1", pki: folder, user: "admin" }]);
  expect(parse(readFileSync(file, "utf8"), { schema: "yaml-1.1" })).toMatchObject({
    clusters: [{ name: "y" }],
    contexts: [{ name: "y", context: { cluster: "y" } }],
    "current-context": "y",
  });
});
