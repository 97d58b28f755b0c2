import { parseMesh } from "../../../mesh/parse";
import { expectedOf, isWhole, rowOf } from "../../../operate/verify/matrix";
import type { Answer } from "../../../operate/verify/requests";
import { renderRows } from "../../../operate/verify/rows-text";

const cluster = (name: string, more: object = {}) => ({ name, context: name, ...more });
const mesh = parseMesh({ clusters: [cluster("a"), cluster("b")] });
const owners = new Map([
  ["pod-a", "a"],
  ["pod-b", "b"],
]);
const by = (pod: string, ms = 1): Answer => ({ answered: true, pod, ms });

describe("a row", () => {
  it("counts who answered, who did not and why, and has the median of what was answered", () => {
    const answers = [by("pod-a", 9), by("pod-a", 2), by("pod-b", 4), by("pod-gone", 100)];
    const failed: Answer = { answered: false, reason: "HTTP 503" };
    expect(rowOf(mesh, "a", [...answers, failed, failed], owners)).toEqual({
      from: "a",
      requests: 6,
      answers: { a: 2, b: 1 },
      failures: { "HTTP 503": 2, "answered by unknown pod pod-gone": 1 },
      medianMs: 4,
      missing: [],
    });
  });

  it("names who never answered, and has no median without answers", () => {
    expect(rowOf(mesh, "b", [by("pod-b", 2), by("pod-b", 4)], owners)).toMatchObject({
      missing: ["a"],
      medianMs: 3,
    });
    expect(rowOf(mesh, "b", [], owners)).toMatchObject({ missing: ["a", "b"], medianMs: undefined });
  });
});

describe("a mesh", () => {
  const row = (from: string, ...answers: Answer[]) => rowOf(mesh, from, answers, owners);
  const both = [by("pod-a"), by("pod-b")];

  it("is whole when every pair answered and nothing failed", () => {
    expect(isWhole(mesh, [row("a", ...both), row("b", ...both)])).toBe(true);
    expect(isWhole(mesh, [row("a", ...both), row("b", by("pod-b"))])).toBe(false);
    const failed: Answer = { answered: false, reason: "curl 28" };
    expect(isWhole(mesh, [row("a", ...both, failed), row("b", ...both)])).toBe(false);
  });

  it("expects answers from those alone that trust each other, a remote's trust being its primary's", () => {
    const narrowed = parseMesh({
      mesh: { trust: { mode: "federated" } },
      clusters: [
        cluster("a", { trust: { trusts: ["b"] } }),
        cluster("b"),
        cluster("c"),
        cluster("r", { role: "remote", primary: "a" }),
      ],
    });
    expect(expectedOf(narrowed, "a")).toEqual(["a", "b", "r"]);
    expect(expectedOf(narrowed, "b")).toEqual(["a", "b", "c", "r"]);
    expect(expectedOf(narrowed, "c")).toEqual(["b", "c"]);
    const failed: Answer = { answered: false, reason: "HTTP 503" };
    const pods = new Map([...owners, ["pod-c", "c"]]);
    const rowOfC = rowOf(narrowed, "c", [by("pod-b"), by("pod-c"), failed], pods);
    expect(rowOfC.missing).toEqual([]);
    expect(isWhole(narrowed, [rowOfC])).toBe(true);
  });
});

test("a mesh in which not everybody reads everybody expects answers from those alone that are read, without a failure", () => {
  const hub = parseMesh({
    clusters: [
      cluster("a"),
      cluster("b", { reads: ["a", "r"] }),
      cluster("c", { reads: ["a"] }),
      cluster("r", { role: "remote", primary: "b" }),
    ],
  });
  expect(hub.members.map(({ name }) => expectedOf(hub, name))).toEqual([
    ["a", "b", "c", "r"],
    ["a", "b", "r"],
    ["a", "c"],
    ["a", "b", "r"],
  ]);
  const pods = new Map([...owners, ["pod-c", "c"]]);
  const row = (...answers: Answer[]) => rowOf(hub, "c", [by("pod-a"), by("pod-c"), ...answers], pods);
  expect(isWhole(hub, [row()])).toBe(true);
  expect(isWhole(hub, [row({ answered: false, reason: "HTTP 503" })])).toBe(false);
});

test("a person sees the counts, and for every fault a sentence", () => {
  const rows = [
    rowOf(mesh, "a", [by("pod-a", 2), { answered: false, reason: "HTTP 503" }], owners),
    rowOf(mesh, "b", [by("pod-a", 1), by("pod-b", 2)], owners),
  ];
  const text = renderRows(rows).replace(/\u001b\[\d+m/g, "");
  expect(text).toMatch(/│ a +│ 1 +│ 0 +│ 1 +│ 2\.0 ms/);
  expect(text).toMatch(/│ b +│ 1 +│ 1 +│ 0 +│ 1\.5 ms/);
  expect(text).toContain("a was not answered by b: `npm run status` looks for the reason.");
  expect(text).toContain("a: failed requests: 1 × HTTP 503.");
  expect(text).not.toContain("b was not");
});

test("who wants no colours gets none, not even in the frame", () => {
  const rows = [rowOf(mesh, "a", [by("pod-a", 2)], owners)];
  const { NO_COLOR, TERM } = process.env;
  try {
    Object.assign(process.env, { NO_COLOR: "1", TERM: "xterm-256color" });
    // Both libraries look at the environment when they are loaded.
    jest.isolateModules(() => {
      // eslint-disable-next-line @typescript-eslint/no-require-imports
      const fresh = require("../../../operate/verify/rows-text") as { renderRows: typeof renderRows };
      expect(fresh.renderRows(rows)).not.toContain("\u001b");
    });
  } finally {
    for (const [key, value] of Object.entries({ NO_COLOR, TERM })) {
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  }
});
