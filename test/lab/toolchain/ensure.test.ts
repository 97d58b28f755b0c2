import { readFileSync } from "node:fs";
import { join } from "node:path";
import { satisfies } from "semver";
import { goModule, lacks } from "../../../lab/toolchain/ensure";
import { goVersionOf } from "../../../lab/toolchain/go";
import { goRecipe, ISTIO, platform, programs, recipes } from "../../../lab/toolchain/programs";

const goMod = readFileSync(join(goModule, "go.mod"), "utf8");
const published = programs.filter((program) => recipes[program].download !== undefined);

describe("every program", () => {
  test.each(published)("%s: its own version is one that is accepted on PATH", (program) => {
    const { version = "", onPath } = recipes[program];
    expect(satisfies(version, onPath?.accepts ?? "")).toBe(true);
  });

  test.each(published)("%s: the Go module names it as a tool and pins its version", (program) => {
    const { package: main, version } = recipes[program];
    const required = [...goMod.matchAll(/^\t(\S+) (v\S+)/gm)].find(([, path]) => main.startsWith(path ?? ""));

    expect(goMod).toMatch(new RegExp(`^\\t${main}$`, "m"));
    expect(required?.[2]).toBe(`v${version}`);
  });

  test.each(programs.filter((program) => recipes[program].package.startsWith("./")))(
    "%s: is the lab's own, and never looked for elsewhere",
    (program) => {
      expect(recipes[program]).toMatchObject({ package: `./${program}` });
      expect(recipes[program].onPath).toBeUndefined();
      expect(recipes[program].download).toBeUndefined();
    },
  );

  test.each(published)(
    "%s: is downloaded from where its publisher has it, in the version that is pinned",
    (program) => {
      const { download, version } = recipes[program];
      const source = download?.({ os: "linux", arch: "arm64" });

      expect(new URL(source?.url ?? "").protocol).toBe("https:");
      expect(source?.url).toContain(version);
      expect(source?.url).toMatch(/linux.*arm64/i);
      expect(source?.checksumUrl).toContain(version);
    },
  );

  test("Kubernetes publishes its server for Linux only", () => {
    const mac = { os: "darwin", arch: "arm64" };
    expect(recipes["kube-apiserver"].download?.(mac)).toBeUndefined();
    expect(recipes.kubectl.download?.(mac)?.url).toContain("/darwin/arm64/kubectl");
  });

  test("all staging modules of Kubernetes are those of its version", () => {
    const staged = [...goMod.matchAll(/^\t(k8s\.io\/\S+) => (\S+) (\S+)$/gm)];

    expect(staged.length).toBeGreaterThan(25);
    expect(staged.filter(([, from, to, version]) => from !== to || version !== "v0.36.1")).toEqual([]);
    expect(recipes["kube-apiserver"].version).toBe("1.36.1");
  });

  test("istiod is built of the commit that its version is said of", () => {
    expect(goMod).toMatch(/^\tistio\.io\/istio v0\.0\.0-20260827124520-eed52ebb66ad /m);
    expect(ISTIO).toBe("1.31.0");
  });

  test("the Go that is downloaded can build them", () => {
    expect(satisfies(goRecipe.version, `>=${goVersionOf(goMod)}`)).toBe(true);
    expect(goRecipe.download(platform).url).toContain(`go${goRecipe.version}.`);
  });
});

test("whoever lacks programs is told every way to get them, and why each did not work", () => {
  const message = lacks(
    [
      {
        program: "kwok",
        found: { path: "/usr/bin/kwok", version: "0.5.0" },
        notDownloaded: "https://example.test/kwok cannot be reached",
      },
      { program: "istiods", found: undefined, notDownloaded: "none is published for linux/amd64" },
    ],
    "Go >=1.26.0 is not on PATH",
  );

  expect(message).toBe(
    [
      "Programs are missing:",
      "  kwok 0.8.0",
      "    on PATH, in a version >=0.7.0 <0.9.0: /usr/bin/kwok is 0.5.0",
      "    downloaded: https://example.test/kwok cannot be reached",
      "  istiods",
      "    downloaded: none is published for linux/amd64",
      "All of them can be built, by Go 1.26.0 or newer with a Go module proxy (GOPROXY). Here they cannot: Go >=1.26.0 is not on PATH",
    ].join("\n"),
  );
});
