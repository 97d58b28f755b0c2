/** A mesh with several istiods in each primary, under mocks: what an edit of stack config changes. */
import type { StackInput } from "../../../mesh/schema";
import { cluster, weave } from "../weave";

type Istio = NonNullable<NonNullable<StackInput["mesh"]>["istio"]>;

const both = { default: "1.30.5", "1-31-2": "1.31.2" };
const moved = { default: "1-31-2" };

/** Inputs of releases, webhooks and namespaces, without the fingerprint of the root, which is new in each run. */
async function woven(istio: Istio, ofA: object = {}) {
  const { recorder, mesh } = await weave({
    mesh: { istio, sample: {} },
    clusters: [
      cluster("a", { istio: ofA, apiServer: "https://10.0.0.4:6443", ingress: {} }),
      cluster("b", { apiServer: "https://10.0.0.5:6443" }),
    ],
  });
  const inputs = Object.fromEntries(
    recorder.resources
      .filter(({ type }) => /^kubernetes:(helm|admission|core.*:Namespace)/.test(type))
      .map(({ name, inputs: found }) => [
        name,
        JSON.parse(JSON.stringify(found).replace(/(trust-bundle":")[0-9a-f]+/, "$1")) as Record<
          string,
          unknown
        >,
      ]),
  );
  return { recorder, mesh, inputs };
}

const changed = (before: Record<string, unknown>, after: Record<string, unknown>) =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
    .sort();

test("`revisions` with nothing but `default` is what `version` makes", async () => {
  const before = (await woven({ version: "1.30.5" })).inputs;
  expect(changed(before, (await woven({ revisions: { default: "1.30.5" } })).inputs)).toEqual([]);
});

test("a second one comes beside the first, which keeps its release and gives its webhooks to the tag", async () => {
  const before = (await woven({ version: "1.30.5" })).inputs;
  const { recorder, inputs, mesh } = await woven({ revisions: both });

  // Also the base chart, for its CRDs; and nothing that has a pod but istiod.
  expect(changed(before, inputs)).toEqual(
    ["a", "b"].flatMap((name) => [
      `mesh-${name}-base`,
      `mesh-${name}-istiod`,
      `mesh-${name}-istiod-1-31-2`,
      `mesh-${name}-tag-default`,
    ]),
  );
  expect(inputs["mesh-a-base"]).toMatchObject({ name: "istio-base", version: "1.31.2" });
  expect(inputs["mesh-a-base"]!["values"]).not.toHaveProperty("defaultRevision");
  const old = before["mesh-a-istiod"] as { values: { global: object } };
  expect(inputs["mesh-a-istiod"]).toEqual({
    ...old,
    values: { ...old.values, global: { ...old.values.global, operatorManageWebhooks: true } },
  });
  expect(inputs["mesh-a-istiod-1-31-2"]).toEqual({
    ...old,
    name: "istiod-1-31-2",
    version: "1.31.2",
    values: { ...old.values, revision: "1-31-2" },
  });
  expect(inputs["mesh-a-tag-default"]).toMatchObject({
    metadata: {
      name: "istio-revision-tag-default",
      labels: { "istio.io/tag": "default", "istio.io/rev": "default", app: "sidecar-injector" },
    },
  });
  // The tag is there before the istiod without a revision gives up its own webhooks.
  expect(recorder.isAfter("mesh-a-istiod", "mesh-a-tag-default")).toBe(true);
  expect(recorder.isAfter("mesh-a-istiod-1-31-2", "mesh-a-base")).toBe(true);
  expect(recorder.isAfter("mesh-a-peers-0", "mesh-a-istiod-1-31-2")).toBe(true);
  expect(mesh.members["a"]!.revisions).toEqual(both);
});

test("a tag that moves in one member changes there the tag, the gateways and who validates, and nothing elsewhere", async () => {
  const before = (await woven({ revisions: both })).inputs;
  const { recorder, inputs } = await woven({ revisions: both }, { tags: moved });
  expect(changed(before, inputs)).toEqual([
    "mesh-a-base",
    "mesh-a-eastwest-release",
    "mesh-a-ingress-release",
    "mesh-a-tag-default",
  ]);
  expect(inputs["mesh-a-base"]).toMatchObject({ values: { defaultRevision: "1-31-2" } });
  expect(inputs["mesh-a-eastwest-release"]).toMatchObject({
    version: "1.31.2",
    values: { podAnnotations: { "weft.dev/revision": "1-31-2" } },
  });
  expect(inputs["mesh-a-tag-default"]).toMatchObject({ metadata: { labels: { "istio.io/rev": "1-31-2" } } });
  expect(recorder.isAfter("mesh-a-tag-default", "mesh-a-istiod-1-31-2")).toBe(true);
  expect(recorder.isAfter("mesh-a-eastwest-release", "mesh-a-tag-default")).toBe(true);
});

test("the old one goes, and nothing else changes", async () => {
  const before = (await woven({ revisions: both, tags: moved })).inputs;
  const { inputs } = await woven({ revisions: { "1-31-2": "1.31.2" } });
  expect(changed(before, inputs)).toEqual(["mesh-a-istiod", "mesh-b-istiod"]);
  expect(Object.keys(inputs)).not.toContain("mesh-a-istiod");
});

test("a mesh that was installed by `revision` keeps its release beside another one", async () => {
  const before = (await woven({ version: "1.30.5", revision: "blue" })).inputs;
  const { inputs } = await woven({
    revision: "blue",
    revisions: { blue: "1.30.5", green: "1.31.2" },
    tags: { default: "blue" },
  });
  expect(inputs["mesh-a-istiod"]).toEqual(before["mesh-a-istiod"]);
  expect(inputs["mesh-a-istiod-green"]).toMatchObject({ name: "istiod-green" });
  // From now on they follow the tag.
  expect(inputs["mesh-a-ingress-namespace"]).toMatchObject({
    metadata: { labels: { "istio-injection": "enabled" } },
  });
});
