import { lacks } from "../../../lab/toolchain/ensure";
import { platform, programs, recipes } from "../../../lab/toolchain/programs";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { satisfies } from "semver";
import { goVersionOf } from "../../../lab/toolchain/go";
import { goRecipe } from "../../../lab/toolchain/programs";

const modules = join(__dirname, "../../../lab/toolchain");

describe("every program", () => {
  test.each(programs)("%s: its own version is one that is accepted on PATH", (program) => {
    expect(satisfies(recipes[program].version, recipes[program].accepts)).toBe(true);
  });

  test.each(programs)("%s: Go's module names it as a tool and pins its version", (program) => {
    const { module, package: main, version } = recipes[program];
    const goMod = readFileSync(join(modules, module, "go.mod"), "utf8");
    const required = [...goMod.matchAll(/^\t(\S+) (v\S+)/gm)].find(([, path]) => main.startsWith(path ?? ""));

    expect(goMod).toMatch(new RegExp(`^(tool )?\\t?${main}$`, "m"));
    expect(required?.[2]).toBe(`v${version}`);
  });

  test.each(programs)(
    "%s: is downloaded from where its publisher has it, in the version that is pinned",
    (program) => {
      const { download, version } = recipes[program];
      const source = download({ os: "linux", arch: "arm64" });

      expect(new URL(source?.url ?? "").protocol).toBe("https:");
      expect(source?.url).toContain(version);
      expect(source?.url).toMatch(/linux.*arm64/);
      expect(source?.checksumUrl).toContain(version);
    },
  );

  test("Kubernetes publishes its server for Linux only", () => {
    expect(recipes["kube-apiserver"].download({ os: "darwin", arch: "arm64" })).toBeUndefined();
    expect(recipes.kubectl.download({ os: "darwin", arch: "arm64" })?.url).toContain("/darwin/arm64/kubectl");
  });

  test("all staging modules of Kubernetes are those of its version", () => {
    const goMod = readFileSync(join(modules, "kubernetes/go.mod"), "utf8");
    const staged = [...goMod.matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];

    expect(staged.length).toBeGreaterThan(25);
    expect(staged.filter(([, from, to, version]) => from !== to || version !== "v0.36.1")).toEqual([]);
    expect(recipes["kube-apiserver"].version).toBe("1.36.1");
  });

  test.each(["kubernetes", "pulumi"])("the Go that is downloaded can build the module %s", (module) => {
    const needed = goVersionOf(readFileSync(join(modules, module, "go.mod"), "utf8"));

    expect(satisfies(goRecipe.version, `>=${needed}`)).toBe(true);
    expect(goRecipe.download(platform)?.url).toContain(`go${goRecipe.version}.`);
  });
});

test("whoever lacks a program is told every way to get it, and why each did not work", () => {
  const message = lacks({
    title: "kwok 0.8.0",
    program: "kwok",
    accepts: ">=0.7.0 <0.9.0",
    found: { path: "/usr/bin/kwok", version: "0.5.0" },
    notDownloaded: "https://example.test/kwok cannot be reached",
    notBuilt: "Go >=1.26.0 is not on PATH",
    go: "1.26.0",
    missing: ["kwok", "helm"],
  });

  expect(message).toBe(
    [
      "kwok 0.8.0 is missing (and so may be helm). There are three ways to get it:",
      "  - install it on PATH, in a version >=0.7.0 <0.9.0: /usr/bin/kwok is 0.5.0",
      "  - let it be downloaded: https://example.test/kwok cannot be reached",
      "  - let it be built, with Go 1.26.0 or newer and a Go module proxy (GOPROXY): Go >=1.26.0 is not on PATH",
    ].join("\n"),
  );
});
