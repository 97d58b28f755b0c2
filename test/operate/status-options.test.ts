import { parseOptions as parseGraph } from "../../operate/map/graph-options";
import { parseOptions } from "../../operate/status-options";
import { UsageError } from "../../operate/usage";

test("status: what holds where nothing is said", () => {
  expect(parseOptions([])).toEqual({ stack: "dev", json: false, watch: false, waitMs: 0 });
});

test.each([
  ["--wait", 300_000],
  ["--wait=90s", 90_000],
  ["--wait=2m", 120_000],
  ["--wait=1h", 3_600_000],
])("status %s waits %d ms", (argument, waitMs) => {
  expect(parseOptions([argument, "--json"])).toMatchObject({ waitMs, json: true });
});

test.each([
  [["--wait=5"], "--wait=5: a time such as 90s, 5m or 1h."],
  [["--wait", "--watch"], "--wait ends and --watch does not: give one of them."],
  [["--stak", "x"], "Unknown option '--stak'"],
  [["prod"], "Unexpected argument 'prod'"],
])("status %j is refused", (argv, message) => {
  const refused = () => parseOptions(argv);
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(message);
});

test("graph: Mermaid of what is there, unless something else is said", () => {
  expect(parseGraph([])).toEqual({ stack: "dev", format: "mermaid", out: undefined, status: true });
  expect(parseGraph(["--no-status", "--format", "html", "--out", "a.html", "--stack", "prod"])).toEqual({
    stack: "prod",
    format: "html",
    out: "a.html",
    status: false,
  });
});

test("graph: a format that is not there", () => {
  expect(() => parseGraph(["--format", "png"])).toThrow("--format png: one of mermaid, svg, html.");
});
