import { UsageError } from "../../../operate/usage";
import { parseOptions } from "../../../operate/watch/watch-options";

test("what holds where nothing is said", () => {
  expect(parseOptions([])).toEqual({ stack: "dev", host: "127.0.0.1", port: 9090, intervalMs: 60_000 });
  expect(parseOptions(["--help"])).toBe("help");
});

test.each([
  [":9090", { host: undefined, port: 9090 }],
  ["0.0.0.0:80", { host: "0.0.0.0", port: 80 }],
  ["[::1]:9090", { host: "::1", port: 9090 }],
  ["localhost:0", { host: "localhost", port: 0 }],
])("--metrics %s", (address, expected) => {
  expect(parseOptions(["--metrics", address])).toMatchObject(expected);
});

test("--interval", () => {
  expect(parseOptions(["--interval", "5m", "--stack", "prod"])).toMatchObject({
    stack: "prod",
    intervalMs: 300_000,
  });
});

test.each([
  ["--metrics=9090", "--metrics=9090: an address and a port such as 127.0.0.1:9090, [::1]:9090 or :9090."],
  ["--metrics=::1:9090", "--metrics=::1:9090: an address"],
  ["--metrics=:65536", "--metrics=:65536: an address"],
  ["--interval=60", "--interval=60: a time such as 90s, 5m or 1h."],
  ["--interval=4s", "--interval=4s: at least 5s."],
  ["--intervall=60s", "Unknown option '--intervall'"],
])("%s is refused", (argument, message) => {
  const refused = () => parseOptions([argument]);
  expect(refused).toThrow(UsageError);
  expect(refused).toThrow(message);
});
