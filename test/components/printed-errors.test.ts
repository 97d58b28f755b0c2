import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import * as pulumi from "@pulumi/pulumi";
import "../../components/printed-errors";

/** What Pulumi prints by: it is not in the SDK's types. */
const { defaultErrorMessage } = jest.requireActual<{ defaultErrorMessage: (error: unknown) => string }>(
  "@pulumi/pulumi/cmd/run/error",
);

/** A frame as Pulumi's source maps give it: Node that lacks nodejs/node#64022 would print it until the memory is full. */
const frame = "    at new Resource (/srv/weft/node_modules/@pulumi/resource.ts:421:9)";

function failing<E extends Error>(error: E, stack = `${error.name}: ${error.message}\n${frame}`): E {
  error.stack = stack;
  return error;
}

test.each([
  ["a mistake in stack config", failing(new pulumi.RunError("1 problem"))],
  ["a defect", failing(new TypeError("x is not a function"))],
  ["an error of a resource", failing(new pulumi.ResourceError("no address", undefined))],
  [
    "an error that Pulumi shows as input",
    failing(new pulumi.InputPropertyError({ propertyPath: "port", reason: "too high" })),
  ],
])("%s is printed with colours as its stack", (_, error) => {
  expect(inspect(error, { colors: true })).toBe(error.stack);
  expect(defaultErrorMessage(error)).toBe(error.stack);
});

test("its causes are printed too, each once", () => {
  const refused = failing(new Error("refused"));
  const reset = failing(new Error("reset"));
  const error = failing(new Error("no answer", { cause: failing(new AggregateError([refused, reset])) }));
  refused.cause = error;
  expect(defaultErrorMessage(error)).toBe(
    [
      `Error: no answer\n${frame}`,
      `Caused by: AggregateError: \n${frame}`,
      `Caused by: Error: refused\n${frame}`,
      `Caused by: Error: reset\n${frame}`,
    ].join("\n"),
  );
});

test("an error within something else is printed the same way", () => {
  const shown = inspect([failing(new Error("no answer"))], { colors: true });
  expect(shown.split("\n").map((line) => line.trim())).toEqual(["[", "Error: no answer", frame.trim(), "]"]);
});

test("an error without a stack is its name and message", () => {
  expect(inspect(failing(new RangeError("too long"), ""))).toBe("RangeError: too long");
});

test("nothing else that an error holds is printed", () => {
  const error = Object.assign(failing(new Error("401")), { request: { headers: { token: "s3cr3t" } } });
  expect(defaultErrorMessage(error)).toBe(error.stack);
});

test.each(["index.ts", "policies/index.ts"])("%s sees to it before anything in it can fail", (file) => {
  const source = readFileSync(join(__dirname, "../..", file), "utf8");
  expect(/^import .*/m.exec(source)?.[0]).toMatch(/^import "\.{1,2}\/components\/printed-errors";$/);
});
