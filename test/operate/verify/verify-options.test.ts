import { UsageError } from "../../../operate/usage";
import { parseOptions } from "../../../operate/verify/verify-options";

test("the command line of verify", () => {
  expect(parseOptions([])).toEqual({ stack: "dev", json: false, requests: undefined });
  expect(parseOptions(["--stack", "prod", "--json", "--requests", "50"])).toEqual({
    stack: "prod",
    json: true,
    requests: 50,
  });
  expect(parseOptions(["--help"])).toBe("help");
});

test.each([
  ["--requests", "0"],
  ["--requests", "many"],
  ["--request", "3"],
])("%s %s is refused", (...argv) => {
  expect(() => parseOptions(argv)).toThrow(UsageError);
});
