import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLab, withLock } from "../../lab/lock";
import { identify, isRunning, type ProcessIdentity } from "../../lab/processes";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "weft-lock-"));
  file = join(folder, "deep", "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

function own(): ProcessIdentity {
  const identity = identify(process.pid);
  if (!identity) throw new Error("this process does not run");
  return identity;
}

test("while an action runs its lock names this process; afterwards nothing is left", async () => {
  const holder = await withLock(file, () =>
    Promise.resolve(JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity),
  );

  expect(holder).toEqual(own());
  expect(readdirSync(join(folder, "deep"))).toEqual([]);
});

test("actions under one lock run one after the other, however many wait", async () => {
  let inside = 0;
  let most = 0;
  const action = async () => {
    most = Math.max(most, ++inside);
    await new Promise(setImmediate);
    inside--;
  };

  await Promise.all(Array.from({ length: 5 }, () => withLock(file, action)));

  expect(most).toBe(1);
  expect(existsSync(file)).toBe(false);
});

test("whoever has to wait is told once who holds the lock", async () => {
  const waits: ProcessIdentity[] = [];
  let release = () => {};
  const first = withLock(file, () => new Promise<void>((resolve) => (release = resolve)));
  const second = withLock(
    file,
    () => Promise.resolve(),
    (holder) => {
      waits.push(holder);
      release();
    },
  );
  await Promise.all([first, second]);

  expect(waits).toEqual([own()]);
});

test("a lock is given up when its action fails", async () => {
  await expect(withLock(file, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(existsSync(file)).toBe(false);
});

test("a lock whose process has ended is taken over", async () => {
  const child = spawnSync("true");
  await withLock(file, () => Promise.resolve());
  writeFileSync(file, JSON.stringify({ pid: child.pid, started: "long ago" }));

  const waits: unknown[] = [];
  expect(
    await withLock(
      file,
      () => Promise.resolve("mine"),
      (holder) => waits.push(holder),
    ),
  ).toBe("mine");
  expect(waits).toEqual([]);
});

test("a lock whose pid belongs to another process by now is taken over", async () => {
  await withLock(file, () => Promise.resolve());
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: "before this process" }));

  expect(await withLock(file, () => Promise.resolve("mine"))).toBe("mine");
});

test("a lock that cannot be read is taken over", async () => {
  await withLock(file, () => Promise.resolve());
  writeFileSync(file, "");

  expect(await withLock(file, () => Promise.resolve("mine"))).toBe("mine");
});

test("a process is known as running until it has ended", async () => {
  const child = spawn("cat", { stdio: ["pipe", "ignore", "ignore"] });
  const identity = identify(child.pid ?? 0);
  if (!identity) throw new Error("cat does not run");

  expect(isRunning(identity)).toBe(true);
  expect(isRunning({ ...identity, started: "another time" })).toBe(false);

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  expect(isRunning(identity)).toBe(false);
  expect(identify(identity.pid)).toBeUndefined();
});

test("whoever takes a lab away waits for who is at work on it, and says so", async () => {
  const lab = join(folder, ".lab");
  const order: string[] = [];
  let release = () => {};
  const start = withLab(
    lab,
    () => {},
    () => new Promise<void>((resolve) => (release = resolve)).then(() => void order.push("start")),
  );
  const report = (line: string) => {
    order.push(line);
    release();
  };
  await withLab(lab, report, () => Promise.resolve(void order.push("down")));
  await start;

  expect(order).toEqual([`Process ${process.pid} is at work on this lab: waiting.`, "start", "down"]);
  expect(readdirSync(folder)).toEqual([]);
});
