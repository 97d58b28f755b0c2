import { compiling } from "../../../lab/toolchain/progress";

test("a build tells at intervals how many packages are compiled and how long the rest may take", () => {
  const lines: string[] = [];
  let seconds = 0;
  const compiled = compiling(
    100,
    (line) => lines.push(line),
    () => seconds * 1000,
  );
  for (; seconds < 60; seconds++) compiled();

  expect(lines).toEqual(
    [11, 21, 31, 41, 51].map((done) => {
      const left = Math.ceil((((done - 1) / done) * (100 - done)) / 60);
      return `${done} of 100 packages compiled, about ${left} min left`;
    }),
  );
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
