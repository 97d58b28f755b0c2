import { availableMemory, cachedFiles, checkCapacity } from "../../../lab/rehearse/capacity";

const gib = 2 ** 30;

test("so many members as fit are let through", () => {
  expect(() => checkCapacity(3, 3 * gib)).not.toThrow();
});

test("one too many is refused, and the error says how many would fit", () => {
  expect(() => checkCapacity(4, 3 * gib)).toThrow(
    "4 members need about 3.6 GiB of memory, and 3.0 GiB are free here: 3 would fit. Run it on a larger machine.",
  );
  expect(() => checkCapacity(1, gib)).toThrow("not one fits");
});

test("what is cached of files can be had", () => {
  const stat = "cache 9000\nrss 700\ninactive_file 4096\nactive_file 512\ntotal_active_file 8000\n";
  expect(cachedFiles(stat)).toBe(4608);
  expect(cachedFiles("")).toBe(0);
  expect(availableMemory()).toBeGreaterThan(0);
});
