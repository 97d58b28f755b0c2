import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { choosePath, findOnPath, together } from "../../../lab/toolchain/path";
import type { Program } from "../../../lab/toolchain/programs";

const at = (version: string | undefined) => ({ path: "/usr/bin/it", version });

function chosen(found: Partial<Record<Program, string | undefined>>): string[] {
  const hits = Object.entries(found).map(([program, version]) => [program, at(version)]);
  return Object.keys(choosePath(Object.fromEntries(hits) as Record<Program, ReturnType<typeof at>>)).sort();
}

const server = (version: string) => ({
  "kube-apiserver": version,
  "kube-controller-manager": version,
  "kube-scheduler": version,
});

describe("which programs on PATH are used", () => {
  test("one whose version fits", () => {
    expect(chosen({ etcd: "3.5.21", helm: "3.18.0", pulumi: "3.250.0", kwok: "0.7.0" })).toEqual([
      "etcd",
      "helm",
      "kwok",
      "pulumi",
    ]);
  });

  test("none that is too old, too new, or does not tell its version", () => {
    expect(chosen({ etcd: "3.4.9", helm: "4.0.0", pulumi: undefined, kwok: "0.9.0" })).toEqual([]);
  });

  test("Kubernetes' server parts, when all three are of one minor", () => {
    expect(chosen(server("1.34.2"))).toEqual(Object.keys(server("")).sort());
    expect(chosen({ ...server("1.34.2"), "kube-scheduler": "1.34.5" })).toEqual(
      Object.keys(server("")).sort(),
    );
  });

  test("no server part of Kubernetes, when one is missing, of another minor, or unfit", () => {
    expect(chosen({ "kube-apiserver": "1.34.2", "kube-controller-manager": "1.34.2" })).toEqual([]);
    expect(chosen({ ...server("1.34.2"), "kube-scheduler": "1.35.0" })).toEqual([]);
    expect(chosen(server("1.20.0"))).toEqual([]);
  });

  test("kubectl, when it is within one minor of the servers, whether those are on PATH or not", () => {
    expect(chosen({ kubectl: "1.37.0" })).toEqual(["kubectl"]);
    expect(chosen({ kubectl: "1.34.9" })).toEqual([]);
    expect(chosen({ kubectl: "1.33.0", ...server("1.34.2") })).toContain("kubectl");
    expect(chosen({ kubectl: "1.36.0", ...server("1.34.2") })).not.toContain("kubectl");
    expect(chosen({ kubectl: undefined })).toEqual([]);
  });

  test("whoever asks for one part of Kubernetes looks for those that it has to match", () => {
    expect(together("kube-scheduler")).toEqual(Object.keys(server("")));
    expect(together("kubectl")).toEqual(["kubectl", ...Object.keys(server(""))]);
    expect(together("etcd")).toEqual(["etcd"]);
  });
});

describe("looking on PATH", () => {
  const before = process.env.PATH!;
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "weft-path-"));
    process.env.PATH = [folder, before].join(delimiter);
  });
  afterEach(() => {
    process.env.PATH = before;
    rmSync(folder, { recursive: true });
  });

  function program(name: string, script: string, mode = 0o755): string {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${script}\n`);
    chmodSync(path, mode);
    return path;
  }

  test.each([
    ["Kubernetes v1.36.1", "1.36.1"],
    ["kwok version 0.8.0 go1.26.8 (linux/amd64)", "0.8.0"],
    ["etcd Version: 3.6.8\nGit SHA: Not provided\nGo Version: go1.26.8", "3.6.8"],
    ["Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0", "1.32.4"],
    ["v3.20.2+g8fb76d6", "3.20.2"],
    ["go version go1.26 linux/amd64", "1.26.0"],
    ["unknown", undefined],
  ])("understands the version in %j", async (output, version) => {
    const path = program("it", `cat <<'END'\n${output}\nEND`);
    expect(await findOnPath("it", [])).toEqual({ path, version });
  });

  test("has no version of a program that fails", async () => {
    const path = program("it", "echo 1.2.3; exit 1");
    expect(await findOnPath("it", [])).toEqual({ path, version: undefined });
  });

  test("passes by what cannot be executed and folders that are relative or not there", async () => {
    program("it", "echo 1.2.3", 0o644);
    process.env.PATH = ["", "bin", join(folder, "nowhere"), folder].join(delimiter);
    expect(await findOnPath("it", [])).toBeUndefined();
  });
});
