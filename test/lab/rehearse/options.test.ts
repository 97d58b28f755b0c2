import { parseOptions } from "../../../lab/rehearse/options";

test("a stack may be named with its organization and project", () => {
  expect(parseOptions(["--stack", "acme/weft/prod"])).toEqual({
    stack: "prod",
    from: undefined,
    json: false,
  });
});

test("commit and form of the report are taken as they are", () => {
  expect(parseOptions(["--stack", "prod", "--from", "v1.2", "--json"])).toEqual({
    stack: "prod",
    from: "v1.2",
    json: true,
  });
  expect(parseOptions(["--help"])).toBe("help");
});

test.each([
  [[], "--stack is missing."],
  [["--stack", "../prod$"], "--stack ../prod$: a stack's name, such as prod."],
  [["--stack", "prod", "--from=--output=x"], "--from --output=x: a commit, branch or tag."],
  [["--stak", "prod"], "Unknown option '--stak'"],
])("%j is refused", (argv, message) => {
  expect(() => parseOptions(argv)).toThrow(message);
});
