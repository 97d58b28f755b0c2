import fc from "fast-check";
import {
  isReady,
  mergeMembers,
  selectMembers,
  unknownGroups,
  withFound,
  type ClusterObject,
  type Reachable,
} from "../../clusters/membership-selection";

function deployment(
  name: string,
  labels: Record<string, string> = {},
  more: Partial<ClusterObject["metadata"]> = {},
): ClusterObject {
  return {
    kind: "ClusterDeployment",
    metadata: {
      name,
      namespace: "team-a",
      labels: { "k0rdent.mirantis.com/istio-role": "member", ...labels },
      ...more,
    },
  };
}

function capiCluster(name: string, namespace = "team-a"): ClusterObject {
  return { kind: "Cluster", metadata: { name, namespace } };
}

const mesh = (name: string) => ({ "k0rdent.mirantis.com/istio-mesh": name });
const namesOf = (objects: ClusterObject[], meshId = "mesh1") =>
  selectMembers(objects, meshId).found.map(({ name }) => name);

describe("ClusterDeployments", () => {
  test("of another mesh are left out", () => {
    const objects = [deployment("a", mesh("mesh1")), deployment("b", mesh("mesh2"))];
    expect(namesOf(objects)).toEqual(["a"]);
    expect(namesOf(objects, "mesh2")).toEqual(["b"]);
  });

  test("that name no mesh belong to mesh1, and any other mesh is told so", () => {
    expect(namesOf([deployment("a")])).toEqual(["a"]);
    expect(selectMembers([deployment("a")], "prod")).toEqual({
      found: [],
      problems: [],
      warnings: [
        "ClusterDeployment team-a/a is left out: without label k0rdent.mirantis.com/istio-mesh it belongs to mesh mesh1. Label it k0rdent.mirantis.com/istio-mesh=prod to take it in.",
      ],
    });
  });

  test("whose mesh label is empty name none", () => {
    expect(namesOf([deployment("a", mesh(""))])).toEqual(["a"]);
  });

  test("speak for the Cluster that k0rdent made for them: it is no way into another mesh, nor back into this one", () => {
    const leaving = deployment("a", {}, { deletionTimestamp: "2026-06-01T00:00:00Z" });
    for (const object of [deployment("a", mesh("mesh2")), leaving]) {
      expect(namesOf([object, capiCluster("a")])).toEqual([]);
      expect(namesOf([capiCluster("a"), object])).toEqual([]);
    }
    expect(namesOf([deployment("a"), capiCluster("a")], "prod")).toEqual([]);
  });

  test("are in one mesh at most", () => {
    const names = fc.constantFrom("mesh1", "prod", "test");
    fc.assert(
      fc.property(fc.option(names, { nil: undefined }), (label) => {
        const object = deployment("a", label === undefined ? {} : mesh(label));
        const meshes = ["mesh1", "prod", "test"].filter((id) => namesOf([object], id).length > 0);
        expect(meshes).toHaveLength(1);
      }),
    );
  });

  test("that are being deleted leave the mesh, with a word about it", () => {
    const leaving = deployment("a", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(selectMembers([leaving], "mesh1")).toEqual({
      found: [],
      problems: [],
      warnings: ["ClusterDeployment team-a/a is being deleted, and leaves the mesh."],
    });
  });
});

test("a ClusterDeployment and the Cluster that k0rdent made for it are one member", () => {
  const { found, problems } = selectMembers([capiCluster("a"), deployment("a")], "mesh1");
  expect(problems).toEqual([]);
  expect(found.map(({ origin }) => origin)).toEqual(["ClusterDeployment team-a/a"]);
});

test("the order in which the API server lists them means nothing", () => {
  const objects = [deployment("a"), capiCluster("b"), capiCluster("c", "team-b"), deployment("d")];
  fc.assert(
    fc.property(fc.shuffledSubarray(objects, { minLength: 4 }), (shuffled) => {
      expect(selectMembers(shuffled, "mesh1")).toEqual(selectMembers(objects, "mesh1"));
    }),
  );
});

test("a label puts a member into a group that is there, beside those that name it", () => {
  const [a, b] = selectMembers(
    [deployment("a", { "weft.dev/group": "eu" }), deployment("b", { "weft.dev/group": "" })],
    "mesh1",
  ).found;
  expect([a!.group, b!.group]).toEqual(["eu", undefined]);
  expect(unknownGroups([a!, b!], { eu: [] })).toEqual([]);
  expect(withFound({ eu: ["x"], us: ["a"] }, [a!, b!])).toEqual({ eu: ["x", "a"], us: ["a"] });
  expect(withFound({ eu: ["a"] }, [a!])).toEqual({ eu: ["a"] });
});

test("a label that names no group is refused, with how to add it", () => {
  const { found } = selectMembers([deployment("a", { "weft.dev/group": "eu" })], "mesh1");
  const problem = (groups: string) => ({
    path: "ClusterDeployment team-a/a",
    value: "eu",
    message: "Its label weft.dev/group names no group of `weft:mesh.groups`.",
    remedy: `Correct the label, or add the group: weft:mesh.groups.eu: []. Groups: ${groups}.`,
  });
  expect(unknownGroups(found, { us: [], asia: [] })).toEqual([problem("us, asia")]);
  expect(unknownGroups(found, undefined)).toEqual([problem("none")]);
});

test("labels give a member its name and its network", () => {
  const object = deployment("a", { "weft.dev/member-name": "east", "topology.istio.io/network": "net1" });
  expect(selectMembers([object], "mesh1").found).toMatchObject([{ name: "east", network: "net1" }]);
});

describe("what is refused", () => {
  test("two clusters of one name in different namespaces", () => {
    expect(selectMembers([capiCluster("a", "team-b"), capiCluster("a")], "mesh1").problems).toEqual([
      {
        path: "Cluster team-b/a",
        value: "a",
        message: "Cluster team-a/a bears the same name, and a name stands for one member.",
        remedy:
          "Give one of them another by label weft.dev/member-name; the one that is in the mesh already should keep its own.",
      },
    ]);
  });

  test("but not once a label tells them apart", () => {
    const other = deployment("a", { "weft.dev/member-name": "a-of-b" }, { namespace: "team-b" });
    const { found, problems } = selectMembers([deployment("a"), other], "mesh1");
    expect(problems).toEqual([]);
    expect(found.map(({ name }) => name)).toEqual(["a", "a-of-b"]);
  });

  test("a name that no member can have", () => {
    expect(selectMembers([capiCluster("a.b")], "mesh1").problems).toEqual([
      {
        path: "Cluster team-a/a.b",
        value: "a.b",
        message:
          "Not the name of a member: those are DNS-1123 labels (lower-case letters, digits and '-', at most 63).",
        remedy: "Give it one by label: weft.dev/member-name=<name>.",
      },
    ]);
  });
});

test.each([
  [undefined, false],
  [[{ type: "Ready", status: "False" }], false],
  [[{ type: "Ready", status: "True" }], true],
  [[{ type: "Available", status: "True" }], true],
  [[{ type: "ControlPlaneInitialized", status: "True" }], false],
])("a cluster with conditions %j is ready: %s", (conditions, ready) => {
  expect(isReady({ ...capiCluster("a"), status: { conditions } })).toBe(ready);
});

describe("merged with the list", () => {
  const reachable = (name: string, network?: string): Reachable => ({
    origin: `Cluster team-a/${name}`,
    object: capiCluster(name),
    name,
    network,
    kubeconfig: `kubeconfig of ${name}`,
  });

  test("what was found joins at its end, and is known by its object", () => {
    expect(mergeMembers([{ name: "a", context: "a" }], [reachable("b", "net1"), reachable("c")])).toEqual({
      clusters: [
        { name: "a", context: "a" },
        { name: "b", kubeconfig: "kubeconfig of b", network: "net1" },
        { name: "c", kubeconfig: "kubeconfig of c" },
      ],
      origins: new Map([
        ["b", "Cluster team-a/b"],
        ["c", "Cluster team-a/c"],
      ]),
      warnings: [],
    });
  });

  test("an entry of the same name says how the member is to be, and needs no kubeconfig", () => {
    const listed = { name: "b", network: "mine", ingress: {} };
    expect(mergeMembers([listed], [reachable("b", "net1")])).toEqual({
      clusters: [{ ...listed, kubeconfig: "kubeconfig of b" }],
      origins: new Map(),
      warnings: [],
    });
  });

  test("an entry with a way in of its own stays as it is", () => {
    expect(mergeMembers([{ name: "b", context: "b" }], [reachable("b")])).toEqual({
      clusters: [{ name: "b", context: "b" }],
      origins: new Map(),
      warnings: ["Cluster team-a/b adds nothing: weft:clusters[0] says how to reach b."],
    });
  });
});
