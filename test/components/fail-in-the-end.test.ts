import * as pulumi from "@pulumi/pulumi";
import { failInTheEnd } from "../../components/fail-in-the-end";

const error = jest.spyOn(pulumi.log, "error").mockResolvedValue(undefined);
const once = jest.spyOn(process, "once").mockReturnValue(process);
const isDryRun = jest.spyOn(pulumi.runtime, "isDryRun");

beforeEach(() => jest.clearAllMocks());
afterAll(() => jest.restoreAllMocks());

test("an `up` shows what was left out, and its process ends as one that has shown why it failed", () => {
  isDryRun.mockReturnValue(false);
  failInTheEnd(["b", "c"]);
  expect(error).toHaveBeenCalledWith(
    "Left as it was, because nobody answers there: b, c. All others have what is new. " +
      "Run `pulumi up` again once it answers; or evict it (docs/runbooks/dead-member.md).",
  );
  const [event, atExit] = once.mock.calls[0]!;
  expect(event).toBe("exit");
  const before = process.exitCode;
  try {
    process.exitCode = undefined;
    (atExit as () => void)();
    expect(process.exitCode).toBe(32);
    process.exitCode = 1;
    (atExit as () => void)();
    expect(process.exitCode).toBe(1);
  } finally {
    process.exitCode = before;
  }
});

test("a preview goes through: without one there is no `up`", () => {
  isDryRun.mockReturnValue(true);
  failInTheEnd(["b"]);
  expect(error).not.toHaveBeenCalled();
  expect(once).not.toHaveBeenCalled();
});
