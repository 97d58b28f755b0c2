import { parsePreview, reasonsToFail, type Op } from "../../review/preview";
import { preview, recorded } from "./previews";

const changed = (name: string) =>
  parsePreview(preview(name)).resources.filter(({ custom, op }) => custom && op !== "same");
const named = (name: string, op: Op) =>
  changed(name)
    .filter((resource) => resource.op === op)
    .map((resource) => resource.name);

test("a preview holds every resource, the unchanged ones too, once", () => {
  const { resources } = parsePreview(preview("nothing"));
  expect(resources.map(({ urn }) => urn)).toHaveLength(new Set(resources.map(({ urn }) => urn)).size);
  expect(resources.filter(({ custom, op }) => custom && op !== "same")).toEqual([]);
  expect(resources.find(({ name }) => name === "mesh-cluster1-istiod")).toMatchObject({
    op: "same",
    before: { inputs: { version: "1.30.5" } },
    after: { inputs: { version: "1.30.5" } },
  });
});

test("what is created has no before, and what is deleted no after", () => {
  const sides = (name: string) =>
    changed(name).map(({ op, before, after }) => [op, Boolean(before), Boolean(after)]);
  expect(sides("first").every(([op, before, after]) => op === "create" && !before && after)).toBe(true);
  expect(sides("leave")).toEqual(
    expect.arrayContaining([
      ["delete", true, false],
      ["update", true, true],
    ]),
  );
  expect(named("leave", "delete")).toContain("mesh-cluster3-istiod");
});

test("what was only read is not deleted when it is forgotten", () => {
  expect(named("leave", "delete")).not.toContain("mesh-cluster3-eastwest-service");
});

test("the steps of a replacement are one change, with the properties that cause it", () => {
  const certificates = changed("signing-moved").filter(({ op }) => op === "replace");
  expect(certificates.map(({ name }) => name).sort()).toEqual([
    "mesh-trust-cluster1-intermediate-certificate",
    "mesh-trust-cluster2-intermediate-certificate",
  ]);
  expect(certificates[0]).toMatchObject({ paths: ["caCertPem", "caPrivateKeyPem"] });
  expect(certificates[0]!.before && certificates[0]!.after).toBeDefined();
});

test("properties are named as exactly as the provider names them", () => {
  const gateway = changed("change").find(({ name }) => name === "mesh-cluster2-eastwest-release");
  expect(gateway?.paths).toEqual(["values.service.annotations"]);
});

test("nothing speaks against an up of what the engine and the policies accept", () => {
  for (const name of recorded.filter((name) => name !== "violation" && name !== "mistake")) {
    expect([name, reasonsToFail(parsePreview(preview(name)))]).toEqual([name, []]);
    expect(parsePreview(preview(name)).policyPacks).toEqual(["weft@0.1.0"]);
  }
});

test("what a mandatory policy says is a reason to fail, and the engine's own last word is not", () => {
  const reasons = reasonsToFail(parsePreview(preview("violation")));
  expect(reasons).toHaveLength(2);
  for (const reason of reasons) expect(reason).toContain("Set weft:mesh.mtls to strict");
});

test("what an advisory policy says is none", () => {
  const advisory = preview("violation")
    .replaceAll('"mandatory"', '"advisory"')
    .split("\n")
    .filter((line) => !line.includes("preview failed"))
    .join("\n");
  expect(reasonsToFail(parsePreview(advisory))).toEqual([]);
});

test("a mistake in stack config is said once", () => {
  expect(reasonsToFail(parsePreview(preview("mistake")))).toEqual([
    expect.stringMatching(/^1 problem; nothing was changed\.\n\nweft:clusters\[1\]\.netwrok\n/) as string,
  ]);
});

test("a preview that broke off, or never began, is none to build on", () => {
  const lines = preview("join").trim().split("\n");
  const brokenOff = lines.filter((line) => !line.includes("summaryEvent")).join("\n");
  for (const text of [brokenOff, ""]) {
    expect(reasonsToFail(parsePreview(text))).toEqual(["The preview did not come to an end."]);
  }
});

test("which plugin the machine took is no warning about the mesh", () => {
  expect(preview("join")).toContain("using pulumi-resource-kubernetes from $PATH");
  expect(parsePreview(preview("join")).warnings).toEqual([]);
});

test.each([
  ["the digest that pulumi preview --json prints without the variable", '{\n  "steps": []\n}\n', 1],
  ["a line of npm above the events", `> weft@0.1.0 preview\n${preview("mistake")}`, 1],
  ["a line that broke off", `${preview("mistake")}{"sequence":99,"resou`, 9],
])("%s is refused, with the command that makes a preview", (_, text, line) => {
  expect(() => parsePreview(text)).toThrow(
    `Line ${line} of the preview is no event of Pulumi's engine. Make it with \`PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true pulumi preview --json\`.`,
  );
});
