import { ConfigError, renderProblems, settingPath, show } from "../../mesh/problems";

describe("the text of a ConfigError", () => {
  it("is one paragraph per problem, under a line that counts them", () => {
    const problems = [
      { path: "weft:clusters", message: "Required: a list." },
      {
        path: "weft:mesh.mtls",
        value: "off",
        message: "Expected one of strict, permissive.",
        remedy: "Choose.",
      },
    ];
    expect(renderProblems(problems)).toBe(
      `2 problems; nothing was changed.

weft:clusters
  Required: a list.

weft:mesh.mtls = off
  Expected one of strict, permissive.
  Choose.`,
    );
  });

  it("is its message", () => {
    const error = new ConfigError([{ path: "weft:clusters", message: "Required: a list." }]);
    expect(error.message).toBe("1 problem; nothing was changed.\n\nweft:clusters\n  Required: a list.");
  });
});

it.each([
  [["clusters", 2, "apiServer"], "weft:clusters[2].apiServer"],
  [["mesh"], "weft:mesh"],
  [["clusters", 0, "annotations", "example.com/type"], 'weft:clusters[0].annotations["example.com/type"]'],
  [["mesh", 'a"b'], 'weft:mesh["a\\"b"]'],
  [["mesh", ""], 'weft:mesh[""]'],
])("the path %j is written as Pulumi's: %s", (segments, path) => {
  expect(settingPath(segments)).toBe(path);
});

it.each([
  ["kind-a", "kind-a"],
  ["10.0.0.1", "10.0.0.1"],
  ["1.30", '"1.30"'],
  ["true", '"true"'],
  ["", '""'],
  [" a", '" a"'],
  [1.5, "1.5"],
  [false, "false"],
  [null, "null"],
  [undefined, undefined],
  [["secret"], "(a list)"],
  [{ token: "secret" }, "(a map)"],
  ["a\nb", "(a text of 3 characters)"],
  ["x".repeat(81), "(a text of 81 characters)"],
  ["https://me:secret@host", "(a URL with credentials)"],
])("%j is shown as %j", (value, shown) => {
  expect(show(value)).toBe(shown);
});
