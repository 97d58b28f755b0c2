import fc from "fast-check";
import { stringify } from "yaml";
import { settingsIn, structured } from "../../mesh/settings";

const read = (text: string) => settingsIn(text, "Pulumi.prod.yaml");

test("settings are read as they are written, encrypted ones too", () => {
  const config = {
    "weft:clusters": [{ name: "a", kubeconfig: { secure: "v1:x" } }],
    "kubernetes:context": "c",
  };
  expect(read(stringify({ config, encryptionsalt: "v1:y" }))).toEqual(config);
});

test("an entry may take over another by a merge key, as in Pulumi's own reading", () => {
  expect(read("config: {weft:clusters: [&a {name: a, network: n}, {<<: *a, name: b}]}")).toEqual({
    "weft:clusters": [
      { name: "a", network: "n" },
      { name: "b", network: "n" },
    ],
  });
});

test("a structure of Weft's that is stored as text is a structure; no other text is read as one", () => {
  const config = { "weft:mesh": '{"id": "prod"}', "weft:clusters": "one, two", "other:text": "[1]" };
  expect(read(stringify({ config }))).toEqual({ ...config, "weft:mesh": { id: "prod" } });
});

test("whatever is stored as JSON comes out as it went in", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(structured(JSON.stringify(value))).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
});

test.each(["", "config:", "encryptionsalt: v1:x"])("%j has no settings", (text) => {
  expect(read(text)).toEqual({});
});

test.each([
  ["[]", "Its `config` is not a map."],
  ["config: [1]", "Its `config` is not a map."],
  ["config: {weft:clusters: [{name: s3cr3t]}", "It is not YAML: "],
  ["config: {}\nconfig: s3cr3t", "It is not YAML: Map keys must be unique at line 2, column 1."],
])("%j is refused with its name and nothing of its contents", (text, message) => {
  expect(() => read(text)).toThrow(`Pulumi.prod.yaml\n  ${message}`);
  expect(() => read(text)).not.toThrow("s3cr3t");
});
