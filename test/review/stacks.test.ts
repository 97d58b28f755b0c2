import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import * as ts from "typescript";
import { stackOf, stacksTouched } from "../../review/stacks";

const stacks = ["staging", "prod"];

test("the config of a stack touches that stack", () => {
  expect(stacksTouched(["Pulumi.prod.yaml"], stacks)).toEqual(["prod"]);
  expect(stacksTouched(["Pulumi.prod.yaml", "docs/trust.md"], stacks)).toEqual(["prod"]);
});

test.each([
  "index.ts",
  "mesh/schema/cluster.ts",
  "components/mesh/mesh.ts",
  "components/mesh-member/crds-leave-with-release.sh",
  "clusters/preflight.ts",
  "policies/ca-bounds.ts",
  "policies/PulumiPolicy.yaml",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  ".nvmrc",
  "Pulumi.yaml",
  "a-folder-that-is-new/x.ts",
  "charts/istiod-1.30.5.tgz",
])("%s touches every stack", (file) => {
  expect(stacksTouched([file], stacks)).toEqual(["prod", "staging"]);
});

test.each([
  "docs/trust.md",
  "README.md",
  "policies/README.md",
  "test/mesh/mesh.test.ts",
  "lab/start.ts",
  "bench/bench.ts",
  "operate/status.ts",
  "review/comment.ts",
  "examples/federated/Pulumi.federated.yaml",
  ".github/workflows/ci.yml",
  "LICENSE",
])("%s touches none", (file) => {
  expect(stacksTouched([file], stacks)).toEqual([]);
});

test("the config of a stack that is gone touches none", () => {
  expect(stacksTouched(["Pulumi.old.yaml"], stacks)).toEqual([]);
});

test("only a file of the project's own folder is the config of a stack", () => {
  expect(stackOf("Pulumi.prod.yaml")).toBe("prod");
  expect(stackOf("Pulumi.yaml")).toBeUndefined();
  expect(stackOf("examples/Pulumi.prod.yaml")).toBeUndefined();
});

const root = resolve(__dirname, "../..");

/** Every file of the project that is loaded when these are. */
function loaded(files: string[], seen = new Set<string>()): Set<string> {
  for (const file of files) {
    if (seen.has(file)) continue;
    seen.add(file);
    const imports = ts
      .preProcessFile(readFileSync(file, "utf8"))
      .importedFiles.map(({ fileName }) => fileName);
    const targets = imports
      .filter((name) => name.startsWith("."))
      .map((name) => resolve(dirname(file), name))
      .map((path) =>
        [path, `${path}.ts`, join(path, "index.ts")].find(
          (one) => existsSync(one) && statSync(one).isFile(),
        )!,
      );
    loaded(targets, seen);
  }
  return seen;
}

test("whatever the program or the policy pack loads touches every stack", () => {
  const files = [...loaded(["index.ts", "policies/index.ts"].map((file) => join(root, file)))].map((file) =>
    relative(root, file),
  );
  expect(files.length).toBeGreaterThan(80);
  expect(files.filter((file) => stacksTouched([file], stacks).length < stacks.length)).toEqual([]);
});
