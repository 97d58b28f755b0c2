import { compiling } from "../../../lab/toolchain/progress";

test("a build tells at intervals how many packages are compiled and how long the rest may take", () => {
  const lines: string[] = [];
  let seconds = 0;
  const compiled = compiling(
    200,
    (line) => lines.push(line),
    () => seconds * 1000,
  );
  for (; seconds < 60; seconds++) compiled();

  expect(lines).toEqual([
    "11 of 200 packages compiled",
    "21 of 200 packages compiled, about 3 min left",
    "31 of 200 packages compiled, about 3 min left",
    "41 of 200 packages compiled, about 3 min left",
    "51 of 200 packages compiled, about 3 min left",
  ]);
});

test("a build that compiles more than was thought does not promise less than nothing", () => {
  const lines: string[] = [];
  let seconds = 0;
  const compiled = compiling(
    1,
    (line) => lines.push(line),
    () => seconds * 1000,
  );
  compiled();
  seconds = 20;
  compiled();
  expect(lines).toEqual(["2 of 2 packages compiled, about 0 min left"]);
});
