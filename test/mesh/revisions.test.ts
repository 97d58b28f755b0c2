/** Several istiods side by side: which there are, what they are called, and what stack config may say of them. */
import fc from "fast-check";
import { parseMesh } from "../../mesh/parse";
import { highestVersion, istiodName, releaseOf, taggedRevision } from "../../mesh/revisions";
import { now } from "./authorities";
import { cluster, problemsOf } from "./problems-of";

const two = { default: "1.30.5", "1-31-2": "1.31.2" };
const mesh = (istio: object, ...clusters: object[]) =>
  parseMesh({ mesh: { istio }, clusters: clusters.length > 0 ? clusters : [cluster("a")] }, now);
const istioOf = (istio: object, own: object = {}) =>
  mesh(istio, cluster("a", { istio: own })).members[0]!.istio;
const problems = (istio: object, ...clusters: object[]) =>
  problemsOf({ mesh: { istio }, clusters: clusters.length > 0 ? clusters : [cluster("a")] });

it("`version` alone is one istiod, as is `revisions` with nothing but `default`", () => {
  const { revisions, tags, version } = istioOf({ version: "1.31.2" });
  expect({ revisions, tags, version }).toEqual({
    revisions: [{ name: "default", version: "1.31.2" }],
    tags: {},
    version: "1.31.2",
  });
  expect(istioOf({ revisions: { default: "1.31.2" } })).toEqual(istioOf({ version: "1.31.2" }));
  expect(istioOf({}).version).toBe("1.30.5");
  expect(istioOf({ revision: "blue" }).revisions).toEqual([{ name: "blue", version: "1.30.5" }]);
});

it("tag `default` leads to the only revision, or to the one of its name, or to where it is said", () => {
  expect(istioOf({ revisions: { "1-31-2": "1.31.2" } }).tags).toEqual({ default: "1-31-2" });
  expect(istioOf({ revisions: two }).tags).toEqual({ default: "default" });
  expect(istioOf({ revisions: two, tags: { default: "1-31-2" } })).toMatchObject({ version: "1.31.2" });
  expect(
    istioOf({ revisions: two, tags: { prod: "default" } }, { tags: { default: "1-31-2" } }).tags,
  ).toEqual({
    default: "1-31-2",
    prod: "default",
  });
});

const name = fc.stringMatching(/^[a-z]([-a-z0-9]{0,44}[a-z0-9])?$/);
const version = fc
  .integer({ min: 0, max: 30 })
  .chain((patch) => fc.constantFrom(`1.30.${patch}`, `1.31.${patch}`));
const config = fc
  .dictionary(fc.oneof(name, fc.constant("default")), version, { minKeys: 1, maxKeys: 4 })
  .chain((revisions) =>
    fc.record({
      revisions: fc.constant(revisions),
      revision: fc.option(fc.constantFrom(...Object.keys(revisions)), { nil: undefined }),
      tags: fc
        .dictionary(
          name.filter((tag) => tag.length <= 43),
          fc.constantFrom(...Object.keys(revisions)),
          { maxKeys: 3 },
        )
        .map((tags) =>
          Object.fromEntries([
            ...Object.entries(tags).filter(([tag]) => tag === "default" || !Object.hasOwn(revisions, tag)),
            ["default", Object.keys(revisions)[0]!],
          ]),
        ),
    }),
  )
  .filter(({ revision }) => revision !== "default");

it("every tag resolves, no two releases or objects share a name, and none is too long", () => {
  fc.assert(
    fc.property(config, (istio) => {
      const spec = mesh(istio);
      const { revisions, tags } = spec.members[0]!.istio;
      const names = revisions.map((revision) => revision.name);
      for (const revision of Object.values(tags)) expect(names).toContain(revision);
      expect(names).toContain(taggedRevision({ revisions, tags }).name);
      const releases = names.map((revision) => releaseOf(spec.config.istio, revision));
      expect(new Set(releases).size).toBe(releases.length);
      const objects = [
        ...names.map(istiodName),
        ...Object.keys(tags).map((tag) => `istiod-revision-tag-${tag}`),
      ];
      expect(new Set(objects).size).toBe(objects.length);
      for (const release of releases) expect(release.length).toBeLessThanOrEqual(53);
      for (const object of objects) expect(object.length).toBeLessThanOrEqual(63);
      expect(Object.values(istio.revisions)).toContain(highestVersion(revisions));
    }),
  );
});

it("a release keeps its name when `revisions` come", () => {
  const named = (istio: object, revision: string) => releaseOf(mesh(istio).config.istio, revision);
  expect(named({ version: "1.30.5" }, "default")).toBe("istiod");
  expect(named({ revisions: two }, "default")).toBe("istiod");
  expect(named({ revisions: two }, "1-31-2")).toBe("istiod-1-31-2");
  expect(named({ revision: "blue" }, "blue")).toBe("istiod");
  const blue = {
    revision: "blue",
    revisions: { blue: "1.30.5", green: "1.31.2" },
    tags: { default: "blue" },
  };
  expect(named(blue, "blue")).toBe("istiod");
  expect(named(blue, "green")).toBe("istiod-green");
});

describe("refused is", () => {
  it("what says the version or the image of all beside what says them of each", () => {
    expect(
      problems({ version: "1.30.5", tag: "1.30.5-distroless", revision: "blue", revisions: two }),
    ).toEqual([
      {
        path: "weft:mesh.istio.version",
        value: "1.30.5",
        message: "`revisions` says the version of each istiod.",
        remedy: "Leave it out. The istiod that it installed is revision `blue` there.",
      },
      {
        path: "weft:mesh.istio.tag",
        value: "1.30.5-distroless",
        message: "It would give every revision the same image.",
        remedy: "Leave it out: each has the image of its version.",
      },
      {
        path: "weft:mesh.istio.revision",
        value: "blue",
        message: "It is none of weft:mesh.istio.revisions.",
        remedy: "Leave it out: each of them has a Helm release of its own.",
      },
    ]);
    expect(problems({ revisions: two }, cluster("a", { istio: { version: "1.31.2" } }))).toMatchObject([
      { path: "weft:clusters[0].istio.version", value: "1.31.2" },
    ]);
    expect(problems({ revisions: two, values: { global: { operatorManageWebhooks: true } } })).toMatchObject([
      { path: "weft:mesh.istio.values.global.operatorManageWebhooks" },
    ]);
    expect(problems({ revision: "default" })).toMatchObject([
      { path: "weft:mesh.istio.revision", message: "So Istio calls the istiod without a revision." },
    ]);
  });

  it("a tag that leads nowhere, is called like a revision, or has nothing to choose from", () => {
    expect(problems({ revisions: two, tags: { default: "1-31-3", "1-31-2": "default" } })).toEqual([
      {
        path: "weft:mesh.istio.tags.default",
        value: "1-31-3",
        message: "There is no such revision.",
        remedy: "Did you mean `1-31-2`?",
      },
      {
        path: "weft:mesh.istio.tags.1-31-2",
        value: "default",
        message:
          "1-31-2 is a revision: its istiod injects whatever is labelled `istio.io/rev: 1-31-2` already.",
        remedy: "Choose another name for the tag.",
      },
    ]);
    expect(problems({ revisions: two }, cluster("a", { istio: { tags: { prod: "blue" } } }))).toMatchObject([
      { path: "weft:clusters[0].istio.tags.prod", value: "blue" },
    ]);
    expect(problems({ tags: { prod: "default" } })).toMatchObject([{ path: "weft:mesh.istio.tags" }]);
    expect(problems({ revisions: { blue: "1.30.5", green: "1.31.2" } })).toEqual([
      {
        path: "weft:mesh.istio.tags.default",
        message: "Which of these revisions injects where nothing else is said?",
        remedy: "Set it to one of: blue, green.",
      },
    ]);
  });

  it("more than one minor version between them", () => {
    expect(problems({ revisions: { default: "1.29.6", new: "1.31.2" } })).toMatchObject([
      {
        path: "weft:mesh.istio.revisions.new",
        value: "1.31.2",
        message:
          "More than one minor version above 1.29.6 of revision default, which Istio does not support.",
      },
    ]);
  });

  it("a remote, for as long as there is a tag, or another than the istiod without a revision", () => {
    const remote = cluster("r", { role: "remote", primary: "a" });
    expect(problems({ revisions: { default: "1.30.5" } }, cluster("a"), remote)).toEqual([]);
    expect(
      problems({ revisions: { default: "1.30.5" }, tags: { prod: "default" } }, cluster("a"), remote),
    ).toMatchObject([{ path: "weft:clusters[1].role" }]);
    expect(problems({ revisions: two }, cluster("a"), remote)).toMatchObject([
      { path: "weft:clusters[1].role", value: "remote" },
    ]);
  });

  it("what is no map of versions, or too long a name", () => {
    expect(problems({ revisions: {} })).toMatchObject([{ path: "weft:mesh.istio.revisions" }]);
    expect(problems({ revisions: { ["x".repeat(47)]: "1.30.5" } })).toMatchObject([
      { path: "weft:mesh.istio.revisions" },
    ]);
    expect(problems({ revisions: { blue: "latest" } })).toMatchObject([
      { path: "weft:mesh.istio.revisions.blue" },
    ]);
    expect(problems({ revisions: two, tags: { ["x".repeat(44)]: "default" } })).toMatchObject([
      { path: "weft:mesh.istio.tags" },
    ]);
  });
});
