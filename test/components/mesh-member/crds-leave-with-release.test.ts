import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { parse } from "yaml";

const script = join(__dirname, "../../../components/mesh-member/crds-leave-with-release.sh");

test("the CRDs lose the annotation that keeps them, and nothing else", () => {
  const rendered = (annotations: string[]) =>
    [
      "apiVersion: apiextensions.k8s.io/v1",
      "kind: CustomResourceDefinition",
      "metadata:",
      "  annotations:",
      ...annotations.map((annotation) => `    ${annotation}`),
      "    example.com/about: helm.sh/resource-policy is keep",
      "  name: gateways.networking.istio.io",
      "",
    ].join("\n");
  for (const keep of [`"helm.sh/resource-policy": keep`, "helm.sh/resource-policy: keep"]) {
    const { stdout, status } = spawnSync(script, { input: rendered([keep]), encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout).toBe(rendered([]));
  }
});

test("CRDs without other annotations stay valid", () => {
  const input = `metadata:\n  annotations:\n    "helm.sh/resource-policy": keep\n  name: x\n`;
  const { stdout } = spawnSync(script, { input, encoding: "utf8" });
  expect(parse(stdout)).toEqual({ metadata: { annotations: null, name: "x" } });
});
