/** What the recordings of the kubernetes provider do not show of objects: waiting, conflicts, and clusters that are not there. */
import type { ServiceError } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { eventually } from "./eventually";
import {
  deployment,
  type Double,
  failure,
  get,
  type Resource,
  TestCluster,
  unschedulable,
  urnOf,
} from "./kubernetes-double";
import type { JsonObject } from "./provider-plugin";

// How long a cluster takes is for the machine to say.
jest.setTimeout(180_000);

let cluster: TestCluster;
let double: Double;

beforeAll(async () => {
  cluster = await TestCluster.start();
  double = await cluster.double();
}, 900_000);

afterAll(async () => {
  await double.plugin.stop();
  await cluster.stop();
}, 60_000);

beforeEach(() => cluster.log.clear());

/** What the engine would keep of a resource that is there but not ready. */
async function kept(call: Promise<unknown>): Promise<ErrorResourceInitFailed.AsObject> {
  const error = await call.then(
    () => undefined,
    (error: ServiceError) => error,
  );
  const status = Status.deserializeBinary(error!.metadata.get("grpc-status-details-bin")[0] as Buffer);
  const [detail] = status.getDetailsList();
  return detail!
    .unpack((bytes) => ErrorResourceInitFailed.deserializeBinary(bytes), "pulumirpc.ErrorResourceInitFailed")!
    .toObject();
}

const configMap = (name: string, data: JsonObject, metadata: JsonObject = {}): JsonObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default", ...metadata },
  data,
});

test("a Deployment is created when its Pods are ready", async () => {
  const { properties } = await double.create("apps/v1:Deployment", "web", deployment("web"));
  expect(get(properties, "status", "availableReplicas")).toBe(1);
});

test("a Deployment whose Pods do not come is kept, with the reasons why it is not ready", async () => {
  const never = deployment("never", unschedulable);
  // Enough for the Deployment controller of a slow machine to say why.
  const created = double.create("apps/v1:Deployment", "never", never, 10);
  const said =
    `resource "${urnOf("apps/v1:Deployment", "never")}" was successfully created, but the Kubernetes API server reported ` +
    "that it failed to fully initialize or become live: 'never' timed out waiting to be Ready";
  expect(await failure(created)).toBe(said);
  const { id, reasonsList, properties } = await kept(created);
  expect(id).toBe("default/never");
  expect(reasonsList).toEqual([
    said,
    expect.stringContaining("Waiting for the new ReplicaSet to be available"),
    expect.stringContaining("Minimum number of Pods"),
  ]);
  expect(properties!.fieldsMap.map(([field]) => field)).toContain("__inputs");
});

test("a Deployment that is not ready says so in a refresh", async () => {
  const urn = urnOf("apps/v1:Deployment", "never");
  const inputs = await double.check(urn, deployment("never", unschedulable));
  const said = await failure(double.read({ urn, id: "default/never", inputs, properties: {} }));
  expect(said).toBe("Resource 'never' was created but failed to initialize");
});

test("a CustomResourceDefinition is replaced as a whole, and its kind is known at once", async () => {
  const crd = (columns: JsonObject[]): JsonObject => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "things.weft.dev" },
    spec: {
      group: "weft.dev",
      scope: "Namespaced",
      names: { kind: "Thing", plural: "things" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
          additionalPrinterColumns: columns,
        },
      ],
    },
  });
  const column = (name: string) => ({ name, type: "string", jsonPath: `.${name}` });
  const type = "apiextensions.k8s.io/v1:CustomResourceDefinition";
  const resource = await double.create(type, "things", crd([column("a"), column("b")]));
  const thing = { apiVersion: "weft.dev/v1", kind: "Thing", metadata: { name: "one", namespace: "default" } };
  await double.create("weft.dev/v1:Thing", "one", thing);
  const [version] = get(
    await double.update(resource, crd([column("a")])),
    "spec",
    "versions",
  ) as JsonObject[];
  expect(version!.additionalPrinterColumns).toEqual([column("a")]);
});

test("a Service of type LoadBalancer is created when it has its address", async () => {
  const { properties } = await double.create("core/v1:Service", "gateway", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "gateway", namespace: "default" },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  });
  expect(get(properties, "status", "loadBalancer", "ingress")).toHaveLength(1);
});

test("a condition that an object asks for is waited for", async () => {
  const waiting = { annotations: { "pulumi.com/waitFor": "jsonpath={.data.done}=yes" } };
  const created = double.create("core/v1:ConfigMap", "waits", configMap("waits", { done: "no" }, waiting));
  await eventually(() => cluster.kubectl("get", "configmap", "waits", "--ignore-not-found") !== "");
  cluster.kubectl("patch", "configmap", "waits", "-p", '{"data":{"done":"yes"}}');
  expect(get((await created).properties, "data", "done")).toBe("yes");
});

test("an object is deleted when it is gone, not when it is asked to go", async () => {
  // Deleted in the foreground it would have a finalizer more, until the garbage collector has seen it.
  const annotations = { "pulumi.com/deletionPropagationPolicy": "background" };
  const held = configMap("held", {}, { annotations, finalizers: ["weft.dev/test"] });
  const resource = await double.create("core/v1:ConfigMap", "held", held);
  expect(await failure(double.remove(resource, 1))).toContain("timed out waiting for the condition");
  expect(cluster.log.warnings).toEqual(["finalizers might be preventing deletion (weft.dev/test)"]);
  cluster.kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
  await double.remove(resource);
  expect(cluster.kubectl("get", "configmap", "held", "--ignore-not-found")).toBe("");
});

test("an object that somebody else has deleted is deleted", async () => {
  const resource = await double.create("core/v1:ConfigMap", "lost", configMap("lost", {}));
  cluster.kubectl("delete", "configmap", "lost");
  expect(await double.read(resource)).toEqual({});
  await double.remove(resource);
});

test("a field of another field manager is a conflict, unless the object forces it", async () => {
  const resource = await double.create("core/v1:ConfigMap", "shared", configMap("shared", { key: "ours" }));
  cluster.kubectl(
    "apply",
    "--server-side",
    "--force-conflicts",
    "--field-manager=other",
    "-f",
    cluster.file(configMap("shared", { key: "theirs" })),
  );
  const said = await failure(double.update(resource, configMap("shared", { key: "new" })));
  expect(said).toContain("server-side apply field conflict detected");
  expect(said).toContain('conflict with "other": .data.key');
  const forced = { annotations: { "pulumi.com/patchForce": "true" } };
  expect(get(await double.update(resource, configMap("shared", { key: "new" }, forced)), "data", "key")).toBe(
    "new",
  );
});

test("what is left out of the program leaves the object, and what others added stays", async () => {
  const resource = await double.create("core/v1:ConfigMap", "keys", configMap("keys", { a: "1", b: "2" }));
  cluster.kubectl("annotate", "configmap", "keys", "weft.dev/by=hand", "--field-manager=somebody");
  const properties = await double.update(resource, configMap("keys", { a: "1" }));
  expect(get(properties, "data")).toEqual({ a: "1" });
  expect(get(properties, "metadata", "annotations")).toEqual({ "weft.dev/by": "hand" });
});

test("a preview tells what the API server would refuse, and stores nothing", async () => {
  const urn = urnOf("core/v1:ConfigMap", "preview");
  const inputs = await double.check(urn, configMap("preview", { a: "1" }));
  const answer = await double.preview(urn, inputs);
  expect(answer.id).toBeUndefined();
  expect(get(answer.properties, "data")).toEqual({ a: "1" });
  const bad = await double.check(urn, configMap("preview", { "not/a/key": "1" }));
  expect(await failure(double.preview(urn, bad))).toContain("Invalid value");
  expect(cluster.kubectl("get", "configmap", "preview", "--ignore-not-found")).toBe("");
});

describe("a cluster that is not there", () => {
  let away: Double;
  let object: Resource;

  beforeAll(async () => {
    object = await double.create("core/v1:ConfigMap", "away", configMap("away", {}));
    away = await cluster.double({ kubeconfig: cluster.nowhere });
  });
  afterAll(() => away.plugin.stop());

  test("can be previewed", async () => {
    expect(await away.preview(object.urn, object.inputs)).toEqual({ properties: object.inputs });
  });

  test("is an error for what changes it, with the way out", async () => {
    const creation = away.create("core/v1:ConfigMap", "new", configMap("new", {}));
    expect(await failure(creation)).toContain("configured Kubernetes cluster is unreachable");
    for (const said of [await failure(away.remove(object)), await failure(away.read(object))]) {
      expect(said).toContain("PULUMI_K8S_DELETE_UNREACHABLE");
    }
  });

  test("lets its objects go when it is told to, but its releases only in a refresh", async () => {
    const letting = await cluster.double({ kubeconfig: cluster.nowhere, deleteUnreachable: "true" });
    try {
      expect(await letting.read(object)).toEqual({});
      await letting.remove(object);
      const release: Resource = {
        urn: urnOf("helm.sh/v3:Release", "away"),
        id: "default/away",
        inputs: {},
        properties: { name: "away", namespace: "default" },
      };
      expect(await failure(letting.remove(release))).toContain(
        "can't delete Helm Release with unreachable cluster",
      );
      expect(await letting.read(release)).toEqual({});
    } finally {
      await letting.plugin.stop();
    }
  });
});

test.each([
  [
    "a patch resource",
    "core/v1:ConfigMapPatch",
    /Patch resources .*does not support|does not support Patch resources/,
  ],
  ["a YAML component", "yaml/v2:ConfigFile", /does not support kubernetes:yaml\/v2:ConfigFile/],
])("%s is refused by name", async (_, type, message) => {
  expect(await failure(double.plugin.call("Check", { urn: urnOf(type, "a"), news: {} }))).toMatch(message);
});
