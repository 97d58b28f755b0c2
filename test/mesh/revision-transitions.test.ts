/** From one set of istiods and tags to another, on a mesh that runs. */
import { parseMesh } from "../../mesh/parse";
import { lastUp } from "../../mesh/last-up";
import type { LiveIstiod, LiveMember } from "../../mesh/live-member";
import { checkTransition } from "../../mesh/transitions";
import { now } from "./authorities";
import { cluster } from "./problems-of";

const old = { version: "1.30.5", isReady: true, release: "istiod" };
const fresh = { version: "1.31.2", isReady: true, release: "istiod-new" };
const both = { default: "1.30.5", new: "1.31.2" };

function live(name: string, istiods: Record<string, LiveIstiod>, more: Partial<LiveMember> = {}): LiveMember {
  return { name, istiodVersion: "1.30.5", tokenGenerations: [1], tags: {}, istiods, ...more };
}

/** The last `up` made these revisions in a and b. */
const made = (revisions: object) =>
  lastUp({ members: { a: { role: "primary", revisions }, b: { role: "primary", revisions } } });

function check(before: LiveMember[], istio: object, own: Record<string, object> = {}, last = made(both)) {
  const clusters = ["a", "b"].map((name) => cluster(name, { istio: own[name] ?? {} }));
  return checkTransition({ live: before, last, now }, parseMesh({ mesh: { istio }, clusters }, now));
}

describe("a revision", () => {
  it("is added beside the one that runs", () => {
    const before = [live("a", { default: old }), live("b", { default: old })];
    expect(check(before, { revisions: both }, {}, lastUp({}))).toEqual([]);
  });

  it("does not take the place of the one that runs", () => {
    expect(
      check([live("a", { default: old })], { revisions: { new: "1.31.2" } }, {}, lastUp({})),
    ).toMatchObject([
      {
        path: "weft:mesh.istio.revisions",
        value: "new",
        message: expect.stringContaining(
          "The running istiod is of revision default. It would be deleted",
        ) as string,
      },
    ]);
  });

  it("goes no further than one minor version from any that runs", () => {
    const before = [live("a", { default: { ...old, version: "1.29.6" }, new: fresh })];
    expect(check(before, { revisions: { default: "1.30.5", new: "1.31.2" } })).toMatchObject([
      {
        path: "weft:mesh.istio.revisions.new",
        message: expect.stringContaining("istiod of a is 1.29.6") as string,
      },
    ]);
    // The CRDs are those of 1.31.2.
    expect(
      check([live("a", { default: old, new: fresh }, { users: {} })], { revisions: { default: "1.29.6" } }),
    ).toMatchObject([
      { path: "weft:mesh.istio.revisions.default", message: expect.stringContaining("1.31.2") as string },
    ]);
  });

  const running = (users?: Record<string, string[]>) => [
    live("a", { default: old, new: fresh }, { tags: { default: "new" }, users }),
  ];
  const onlyNew = { revisions: { new: "1.31.2" } };

  it("is dropped when nobody uses it", () => {
    expect(check(running({}), onlyNew)).toEqual([]);
    expect(check(running({ new: ["namespace shop"] }), onlyNew)).toEqual([]);
  });

  it("is not dropped while something uses it, and the refusal says what", () => {
    expect(check(running({ default: ["tag prod", "2 pods of shop/cart"] }), onlyNew)).toEqual([
      {
        path: "weft:mesh.istio.revisions",
        value: "new",
        message: "In a, revision default is used by tag prod; 2 pods of shop/cart.",
        remedy:
          "Keep it until they use another one: move their tags and labels, restart them, and `npm run status` says when nothing is left (docs/runbooks/upgrade.md).",
      },
    ]);
  });

  it("is not dropped where it cannot be told who uses it", () => {
    expect(check(running(undefined), onlyNew)).toMatchObject([
      { message: expect.stringContaining("what this user may not list") as string },
    ]);
  });

  it("that somebody else has installed is left to them", () => {
    const before = [live("a", { default: old, theirs: fresh }, { users: { theirs: ["namespace x"] } })];
    expect(check(before, { version: "1.30.5" }, {}, lastUp({}))).toEqual([]);
  });

  it("keeps its Helm release", () => {
    const blue = [live("a", { blue: old })];
    const revisions = { blue: "1.30.5", new: "1.31.2" };
    expect(check(blue, { revision: "blue", revisions, tags: { default: "blue" } }, {}, lastUp({}))).toEqual(
      [],
    );
    expect(check(blue, { revisions, tags: { default: "blue" } }, {}, lastUp({}))).toEqual([
      {
        path: "weft:mesh.istio.revision",
        value: undefined,
        message:
          "istiod of revision blue is Helm release istiod, and would become istiod-blue: it would be deleted.",
        remedy: "Set it to blue.",
      },
    ]);
  });
});

describe("a tag", () => {
  const moved = { revisions: both, tags: { default: "new" } };
  const canary = { a: { tags: { default: "new" } } };

  it("moves where the istiod that it is to lead to is ready, member by member", () => {
    const before = [live("a", { default: old, new: fresh }), live("b", { default: old, new: fresh })];
    expect(check(before, { revisions: both }, canary)).toEqual([]);
    expect(check(before, moved)).toEqual([]);
  });

  it("does not move to an istiod that is not there, or not ready", () => {
    expect(check([live("a", { default: old })], { revisions: both }, canary)).toEqual([
      {
        path: "weft:clusters[0].istio.tags.default",
        value: "new",
        message: "istiod of revision new does not run in a, whose tag default leads to default.",
        remedy:
          "Leave the tag at default until `pulumi up` has brought it and `npm run status` says that it is ready.",
      },
    ]);
    const notReady = live("a", { default: old, new: { ...fresh, isReady: false } });
    expect(check([notReady], { ...moved })).toMatchObject([
      {
        path: "weft:mesh.istio.tags.default",
        message: expect.stringContaining("is not ready in a") as string,
      },
    ]);
  });

  it("does not follow those who are not well there", () => {
    const before = [
      live("a", { default: old, new: { ...fresh, isReady: false } }, { tags: { default: "new" } }),
      live("b", { default: old, new: fresh }, { tags: { default: "default" } }),
    ];
    expect(check(before, moved)).toEqual([
      {
        path: "weft:mesh.istio.tags.default",
        value: "new",
        message: "Tag default of a leads to revision new already, whose istiod is not ready there.",
        remedy:
          "Leave the tag of b at default until `npm run status` says that they are well, or lead theirs back.",
      },
    ]);
    // Back it goes at any time.
    expect(check(before, { revisions: both })).toEqual([]);
  });

  it("that is new leads anywhere, also where nothing runs yet", () => {
    expect(check([live("a", { default: old })], { revisions: both, tags: { canary: "new" } })).toEqual([]);
    expect(check([{ name: "a", tokenGenerations: [] }], moved)).toEqual([]);
  });
});
