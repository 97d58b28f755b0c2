import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { findOnPath, fits } from "../../../lab/toolchain/path";
import { KUBERNETES, type Program, recipes } from "../../../lab/toolchain/programs";

describe("which programs on PATH are used", () => {
  const isUsed = (program: Program, version?: string) =>
    fits({ path: "/usr/bin/it", version }, recipes[program].onPath!.accepts);

  test.each<[Program, string]>([
    ["etcd", "3.5.21"],
    ["helm", "3.18.0"],
    ["pulumi", "3.250.0"],
    ["kwok", "0.7.0"],
  ])("%s %s", (program, version) => {
    expect(isUsed(program, version)).toBe(true);
  });

  test.each<[Program, string | undefined]>([
    ["etcd", "3.4.9"],
    ["helm", "4.0.0"],
    ["kwok", "0.9.0"],
    ["pulumi", undefined],
  ])("not %s %s: too old, too new, or it does not tell", (program, version) => {
    expect(isUsed(program, version)).toBe(false);
  });

  test.each<Program>(["kube-apiserver", "kube-controller-manager", "kube-scheduler"])(
    "%s of the minor of the others, which may be the lab's own",
    (program) => {
      const minor = KUBERNETES.replace(/\.\d+$/, "");
      expect(
        ["1.35.9", `${minor}.0`, `${minor}.7`, "1.37.0"].map((version) => isUsed(program, version)),
      ).toEqual([false, true, true, false]);
    },
  );

  test("kubectl within one minor of the servers", () => {
    expect(["1.34.9", "1.35.0", "1.37.2", "1.38.0"].map((version) => isUsed("kubectl", version))).toEqual([
      false,
      true,
      true,
      false,
    ]);
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
