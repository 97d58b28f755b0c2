import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { addressPlan, MAX_CLUSTERS } from "../../../lab/control-plane/commands";
import { PortClaims } from "../../../lab/control-plane/ports";
import {
  freeNumber,
  type LabState,
  readState,
  STATE_FILE,
  writeState,
} from "../../../lab/control-plane/state";

const cluster = (number: number) => ({ number, port: 20_000 + number, daemons: {} });

test("a new cluster gets the lowest number that nobody has", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(50)), (numbers) => {
      const free = freeNumber(Object.fromEntries(numbers.map((number) => [`c${number}`, cluster(number)])));

      expect(numbers).not.toContain(free);
      expect(
        Array.from({ length: free }, (_, lower) => lower).filter((lower) => !numbers.includes(lower)),
      ).toEqual([]);
    }),
  );
});

test("no two clusters of a lab have an address in common", () => {
  const prefixes = Array.from({ length: MAX_CLUSTERS }, (_, number) => {
    const { pods, services, balancers } = addressPlan(number);
    return [pods, services.replace(/\.0\.0\/16$/, ""), balancers];
  }).flat();

  expect(new Set(prefixes).size).toBe(3 * MAX_CLUSTERS);
  expect(prefixes.filter((prefix) => Number(prefix.split(".")[1]) > 255)).toEqual([]);
});

describe("the state of a lab", () => {
  let dir: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), "weft-state-"));
  });
  afterEach(() => rmSync(dir, { recursive: true }));

  test("is read as it was written, by its owner only", () => {
    const state: LabState = {
      etcd: { port: 1, peerPort: 2, daemon: { pid: 3, started: "then", command: "so" } },
      clusters: { one: cluster(0) },
    };
    writeState(dir, state);

    expect(readState(dir)).toEqual(state);
    expect(statSync(join(dir, STATE_FILE)).mode & 0o777).toBe(0o600);
  });

  test("is not there where no lab is", () => {
    expect(readState(dir)).toBeUndefined();
    expect(readState(join(dir, "nowhere"))).toBeUndefined();
  });
});

test("a port is given to one lab, until it lets go of it and nobody listens on it", async () => {
  const [own, other] = [new PortClaims(), new PortClaims()];
  const port = await own.claimAny(new Set());
  expect(await other.claim(port)).toBe(false);

  const server = createServer();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  own.release();
  expect(await other.claim(port)).toBe(false);

  await new Promise((resolve) => server.close(resolve));
  expect(await other.claim(port)).toBe(true);
  other.release();
});
