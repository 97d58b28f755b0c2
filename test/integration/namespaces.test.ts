/** Whose namespace istio-system is, on a real control plane: refused, adopted, Weft's own, adopted again, left as it was. */
import { namespace, TestMesh } from "./harness";

jest.setTimeout(900_000);

const enforce = "pod-security.kubernetes.io/enforce";
let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1"]);
  await mesh.core("cluster1").createNamespace({
    body: { metadata: { name: namespace, labels: { owner: "platform", [enforce]: "baseline" } } },
  });
});

afterAll(() => mesh?.stop());

const stack = (istio: object) => mesh.stack([{ name: "cluster1" }], { istio });
const up = async (istio: object) => {
  const opened = await stack(istio);
  return mesh.record((options) => opened.up(options));
};
const metadata = async () => (await mesh.core("cluster1").readNamespace({ name: namespace })).metadata!;

const adoptNamespace = true;
const namespaceLabels = { [enforce]: "privileged" };
const ours = {
  "weft.dev/mesh": "mesh1",
  "weft.dev/member": "cluster1",
  "topology.istio.io/network": "cluster1",
};
const changed = [{ op: "update", name: "mesh-cluster1-namespace" }];

test("one that is somebody else's is refused by the preview, with the way to adopt it", async () => {
  await expect((await stack({})).preview()).rejects.toThrow(
    /cluster1 has a namespace istio-system that is not Weft's.\s+Set weft:clusters\[0\].istio.adoptNamespace/,
  );
});

test("one that is adopted, becomes Weft's own and is adopted again, is one and the same all the time", async () => {
  const { uid } = await metadata();

  await up({ adoptNamespace });
  expect(await metadata()).toMatchObject({
    uid,
    labels: { ...ours, owner: "platform", [enforce]: "baseline" },
  });
  expect(await up({ adoptNamespace })).toEqual([]);

  expect(await up({ adoptNamespace, namespaceLabels })).toMatchObject(changed);
  expect(await metadata()).toMatchObject({ uid, labels: { ...ours, ...namespaceLabels } });

  expect(await up({ namespaceLabels })).toMatchObject(changed);
  expect(await metadata()).toMatchObject({
    uid,
    labels: { ...ours, "app.kubernetes.io/managed-by": "weft" },
  });
  expect(await up({ namespaceLabels })).toEqual([]);

  expect(await up({ adoptNamespace, namespaceLabels })).toMatchObject(changed);
  expect((await metadata()).labels).not.toHaveProperty(["app.kubernetes.io/managed-by"]);
  expect(await up({ adoptNamespace, namespaceLabels })).toEqual([]);
});

test("a destroy leaves it, without what Weft had added", async () => {
  const { uid } = await metadata();
  const opened = await stack({ adoptNamespace, namespaceLabels });
  await mesh.record((options) => opened.destroy(options));

  const left = await metadata();
  expect(left).toMatchObject({ uid, labels: { owner: "platform" } });
  expect(left.deletionTimestamp).toBeUndefined();
  for (const label of Object.keys(ours)) expect(left.labels).not.toHaveProperty([label]);
  expect(await mesh.core("cluster1").listNamespacedSecret({ namespace })).toMatchObject({ items: [] });
});
