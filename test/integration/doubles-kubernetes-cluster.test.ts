/** What the recordings of the kubernetes provider do not show: waiting, conflicts, interruptions, and clusters that are not there. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { startLab, stopLab } from "../../lab/control-plane";
import { ensureDoubles, ensureToolchain } from "../../lab/toolchain";
import { EngineLog } from "./engine-log";
import { type Json, type JsonObject, ProviderPlugin } from "./provider-plugin";

// How long a cluster takes is for the machine to say.
jest.setTimeout(180_000);

const report = () => undefined;
const dir = fs.mkdtempSync(path.join(os.tmpdir(), "weft-doubles-"));
const charts = path.join(__dirname, "../../lab/doubles/charts");
/** A Deployment whose Pods no node takes. */
const stuckChart = path.join(dir, "stuck");

let program: string;
let kubectl: (...args: string[]) => string;
let helm: (...args: string[]) => string;
let kubeconfig: string;
let engine: { log: EngineLog; address: string };
let plugin: ProviderPlugin;

beforeAll(async () => {
  const [clusters, doubles, programs] = await Promise.all([
    startLab({ dir, clusters: ["c1"], report }),
    ensureDoubles(["kubernetes"], { report }),
    ensureToolchain(["kubectl", "helm"], { report }),
  ]);
  program = path.join(doubles, "pulumi-resource-kubernetes");
  const file = clusters[0]!.kubeconfig;
  kubeconfig = fs.readFileSync(file, "utf8");
  const run =
    (command: string) =>
    (...args: string[]) =>
      execFileSync(command, ["--kubeconfig", file, ...args], { encoding: "utf8", stdio: "pipe" });
  kubectl = run(programs.kubectl);
  helm = run(programs.helm);
  engine = await EngineLog.listen();
  plugin = await configured({});
  fs.mkdirSync(path.join(stuckChart, "templates"), { recursive: true });
  fs.writeFileSync(path.join(stuckChart, "Chart.yaml"), "{apiVersion: v2, name: stuck, version: 1.2.3}");
  fs.writeFileSync(
    path.join(stuckChart, "templates/deployment.yaml"),
    JSON.stringify(deployment("stuck", { nodeSelector: { no: "node" } })),
  );
}, 900_000);

afterAll(async () => {
  await plugin.stop();
  engine.log.close();
  await stopLab(dir);
  fs.rmSync(dir, { recursive: true, force: true });
}, 60_000);

beforeEach(() => {
  engine.log.warnings.length = 0;
  engine.log.statuses.length = 0;
});

async function configured(settings: Record<string, string>): Promise<ProviderPlugin> {
  const started = await ProviderPlugin.start(program, engine.address);
  const variables = Object.entries({ kubeconfig, ...settings }).map(([key, value]) => [
    `kubernetes:config:${key}`,
    value,
  ]);
  await started.call("Configure", {
    acceptSecrets: true,
    variables: Object.fromEntries(variables) as JsonObject,
  });
  return started;
}

const urnOf = (type: string, name: string) => `urn:pulumi:dev::weft::kubernetes:${type}::${name}`;

interface Resource {
  urn: string;
  id: string;
  inputs: JsonObject;
  properties: JsonObject;
}

async function check(urn: string, news: JsonObject, by = plugin): Promise<JsonObject> {
  const answer = await by.call("Check", { urn, news });
  expect(answer.failuresList).toBeUndefined();
  return answer.inputs as JsonObject;
}

async function create(
  type: string,
  name: string,
  news: JsonObject,
  timeout = 60,
  by = plugin,
): Promise<Resource> {
  const urn = urnOf(type, name);
  const inputs = await check(urn, news, by);
  const { id, properties } = await by.call("Create", { urn, properties: inputs, timeout });
  return { urn, id: id as string, inputs, properties: properties as JsonObject };
}

async function update(resource: Resource, news: JsonObject): Promise<JsonObject> {
  const checked = await plugin.call("Check", { urn: resource.urn, olds: resource.inputs, news });
  const answer = await plugin.call("Update", {
    urn: resource.urn,
    id: resource.id,
    olds: resource.properties,
    oldInputs: resource.inputs,
    news: checked.inputs!,
  });
  return answer.properties as JsonObject;
}

const remove = ({ urn, id, properties, inputs }: Resource, timeout = 60, by = plugin) =>
  by.call("Delete", { urn, id, properties, oldInputs: inputs, timeout });

const read = ({ urn, id, properties, inputs }: Resource, by = plugin) =>
  by.call("Read", { urn, id, properties, inputs });

/** The error that the engine would show. */
async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "it did not fail",
    (error: ServiceError) => error.details,
  );
}

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

function deployment(name: string, pod: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }], ...pod } },
    },
  };
}

const get = (value: Json | undefined, ...keys: string[]): Json =>
  keys.reduce<Json>((inner, key) => (inner as JsonObject | null)?.[key] ?? null, value ?? null);

test("a Deployment is created when its Pods are ready", async () => {
  const { properties } = await create("apps/v1:Deployment", "web", deployment("web"));
  expect(get(properties, "status", "availableReplicas")).toBe(1);
});

test("a Deployment whose Pods do not come is kept, with the reasons why it is not ready", async () => {
  const never = deployment("never", { nodeSelector: { no: "node" } });
  const created = create("apps/v1:Deployment", "never", never, 2);
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
  const inputs = await check(urn, deployment("never", { nodeSelector: { no: "node" } }));
  const said = await failure(read({ urn, id: "default/never", inputs, properties: {} }));
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
  const resource = await create(type, "things", crd([column("a"), column("b")]));
  const thing = { apiVersion: "weft.dev/v1", kind: "Thing", metadata: { name: "one", namespace: "default" } };
  await create("weft.dev/v1:Thing", "one", thing);
  const [version] = get(await update(resource, crd([column("a")])), "spec", "versions") as JsonObject[];
  expect(version!.additionalPrinterColumns).toEqual([column("a")]);
});

test("a Service of type LoadBalancer is created when it has its address", async () => {
  const { properties } = await create("core/v1:Service", "gateway", {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "gateway", namespace: "default" },
    spec: { type: "LoadBalancer", ports: [{ port: 80 }] },
  });
  expect(get(properties, "status", "loadBalancer", "ingress")).toHaveLength(1);
});

test("a condition that an object asks for is waited for", async () => {
  const waiting = { annotations: { "pulumi.com/waitFor": "jsonpath={.data.done}=yes" } };
  const created = create("core/v1:ConfigMap", "waits", configMap("waits", { done: "no" }, waiting));
  for (;;) {
    try {
      kubectl("get", "configmap", "waits");
      break;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  kubectl("patch", "configmap", "waits", "-p", '{"data":{"done":"yes"}}');
  expect(get((await created).properties, "data", "done")).toBe("yes");
});

test("an object is deleted when it is gone, not when it is asked to go", async () => {
  const held = configMap("held", {}, { finalizers: ["weft.dev/test"] });
  const resource = await create("core/v1:ConfigMap", "held", held);
  expect(await failure(remove(resource, 1))).toContain("timed out waiting for the condition");
  expect(engine.log.warnings).toEqual(["finalizers might be preventing deletion (weft.dev/test)"]);
  kubectl("patch", "configmap", "held", "--type=merge", "-p", '{"metadata":{"finalizers":null}}');
  await remove(resource);
  expect(kubectl("get", "configmap", "held", "--ignore-not-found")).toBe("");
});

test("an object that somebody else has deleted is deleted", async () => {
  const resource = await create("core/v1:ConfigMap", "lost", configMap("lost", {}));
  kubectl("delete", "configmap", "lost");
  expect(await read(resource)).toEqual({});
  await remove(resource);
});

test("a field of another field manager is a conflict, unless the object forces it", async () => {
  const resource = await create("core/v1:ConfigMap", "shared", configMap("shared", { key: "ours" }));
  kubectl(
    "apply",
    "--server-side",
    "--force-conflicts",
    "--field-manager=other",
    "-f",
    file(configMap("shared", { key: "theirs" })),
  );
  const said = await failure(update(resource, configMap("shared", { key: "new" })));
  expect(said).toContain("server-side apply field conflict detected");
  expect(said).toContain('conflict with "other": .data.key');
  const forced = { annotations: { "pulumi.com/patchForce": "true" } };
  expect(get(await update(resource, configMap("shared", { key: "new" }, forced)), "data", "key")).toBe("new");
});

function file(object: JsonObject): string {
  const name = path.join(dir, "object.json");
  fs.writeFileSync(name, JSON.stringify(object));
  return name;
}

test("what is left out of the program leaves the object, and what others added stays", async () => {
  const resource = await create("core/v1:ConfigMap", "keys", configMap("keys", { a: "1", b: "2" }));
  kubectl("annotate", "configmap", "keys", "weft.dev/by=hand", "--field-manager=somebody");
  const properties = await update(resource, configMap("keys", { a: "1" }));
  expect(get(properties, "data")).toEqual({ a: "1" });
  expect(get(properties, "metadata", "annotations")).toEqual({ "weft.dev/by": "hand" });
});

test("a preview tells what the API server would refuse, and stores nothing", async () => {
  const urn = urnOf("core/v1:ConfigMap", "preview");
  const inputs = await check(urn, configMap("preview", { a: "1" }));
  const answer = await plugin.call("Create", { urn, properties: inputs, preview: true });
  expect(answer.id).toBeUndefined();
  expect(get(answer.properties, "data")).toEqual({ a: "1" });
  const bad = await check(urn, configMap("preview", { "not/a/key": "1" }));
  expect(await failure(plugin.call("Create", { urn, properties: bad, preview: true }))).toContain(
    "Invalid value",
  );
  expect(kubectl("get", "configmap", "preview", "--ignore-not-found")).toBe("");
});

const release = (name: string, more: JsonObject): JsonObject => ({ name, namespace: "default", ...more });

test("a release that keeps objects when it goes says which", async () => {
  const resource = await create(
    "helm.sh/v3:Release",
    "base",
    release("base", { chart: path.join(charts, "base"), values: { global: { istioNamespace: "default" } } }),
  );
  await remove(resource);
  expect(engine.log.warnings).toHaveLength(1);
  expect(engine.log.warnings[0]).toMatch(
    /^Helm uninstall returned information: "These resources were kept due to the resource policy:\\n\[CustomResourceDefinition\] /,
  );
});

test("a release whose chart is not there is found by the check", async () => {
  const answer = await plugin.call("Check", {
    urn: urnOf("helm.sh/v3:Release", "nowhere"),
    news: release("nowhere", { chart: "./no/such/chart" }),
  });
  expect(answer.failuresList).toEqual([
    {
      property: "chart",
      reason: 'path "./no/such/chart" not found; check the chart name and repository configuration.',
    },
  ]);
});

test("a chart is taken from a repository, in the version that fits", async () => {
  const packed = path.join(dir, "stuck-1.2.3.tgz");
  execFileSync("tar", ["czf", packed, "-C", dir, "stuck"]);
  const server = http.createServer((request, response) => {
    if (request.url === "/charts/index.yaml") {
      response.end(
        "apiVersion: v1\nentries: {stuck: [{apiVersion: v2, name: stuck, version: 1.2.3, urls: [stuck-1.2.3.tgz]}]}",
      );
    } else response.end(fs.readFileSync(packed));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    const repo = `http://127.0.0.1:${(server.address() as AddressInfo).port}/charts`;
    const inputs = await check(
      urnOf("helm.sh/v3:Release", "fetched"),
      release("fetched", { chart: "stuck", version: "^1.0.0", repositoryOpts: { repo } }),
    );
    expect(inputs.version).toBe("1.2.3");
  } finally {
    server.close();
  }
});

test("a release that does not get ready is there, as a failed one, and can be upgraded", async () => {
  const failing = release("failing", { chart: stuckChart, timeout: 2 });
  const said = await failure(create("helm.sh/v3:Release", "failing", failing));
  expect(said).toContain('Helm release "default/failing" was created, but failed to initialize completely');
  expect(engine.log.warnings[0]).toContain('Helm release "failing" was created but has a failed status');
  const resource = {
    urn: urnOf("helm.sh/v3:Release", "failing"),
    id: "default/failing",
    inputs: {},
    properties: {},
  };
  const { properties, inputs } = await read(resource);
  expect(get(properties, "status", "status")).toBe("failed");
  const known = { ...resource, properties: properties as JsonObject, inputs: inputs as JsonObject };
  const repaired = await update(known, release("failing", { chart: stuckChart, skipAwait: true }));
  expect(get(repaired, "status")).toMatchObject({ status: "deployed", revision: 2 });
  await remove({ ...known, properties: repaired });
});

test("a release whose installation was killed half-way is pending, and its name is taken", async () => {
  const killed = await configured({});
  const urn = urnOf("helm.sh/v3:Release", "half");
  const inputs = await check(urn, release("half", { chart: stuckChart }), killed);
  const broken = failure(killed.call("Create", { urn, properties: inputs }));
  while (!helm("list", "--pending", "-q").includes("half"))
    await new Promise((resolve) => setImmediate(resolve));
  await killed.kill();
  expect(await broken).not.toBe("it did not fail");

  expect(await failure(plugin.call("Create", { urn, properties: inputs }))).toBe(
    "cannot re-use a name that is still in use",
  );
  const { properties } = await read({ urn, id: "default/half", inputs: {}, properties: {} });
  expect(get(properties, "status", "status")).toBe("pending-install");
  const upgrade = plugin.call("Update", { urn, id: "default/half", olds: properties!, news: inputs });
  expect(await failure(upgrade)).toBe("another operation (install/upgrade/rollback) is in progress");
});

describe("a cluster that is not there", () => {
  let away: ProviderPlugin;
  let object: Resource;

  beforeAll(async () => {
    object = await create("core/v1:ConfigMap", "away", configMap("away", {}));
    const nowhere = kubeconfig.replace(/server: .*/, "server: https://127.0.0.1:9");
    away = await configured({ kubeconfig: nowhere });
  });
  afterAll(() => away.stop());

  test("can be previewed", async () => {
    const answer = await away.call("Create", { urn: object.urn, properties: object.inputs, preview: true });
    expect(answer).toEqual({ properties: object.inputs });
  });

  test("is an error for what changes it, with the way out", async () => {
    const unreachable = "configured Kubernetes cluster is unreachable";
    expect(await failure(away.call("Create", { urn: object.urn, properties: object.inputs }))).toContain(
      unreachable,
    );
    for (const said of [await failure(remove(object, 60, away)), await failure(read(object, away))]) {
      expect(said).toContain("PULUMI_K8S_DELETE_UNREACHABLE");
    }
  });

  test("lets its objects go when it is told to, but its releases only in a refresh", async () => {
    const nowhere = kubeconfig.replace(/server: .*/, "server: https://127.0.0.1:9");
    const letting = await configured({ kubeconfig: nowhere, deleteUnreachable: "true" });
    try {
      expect(await read(object, letting)).toEqual({});
      await remove(object, 60, letting);
      const urn = urnOf("helm.sh/v3:Release", "away");
      const gone: Resource = {
        urn,
        id: "default/away",
        inputs: {},
        properties: release("away", { chart: stuckChart }),
      };
      expect(await failure(remove(gone, 60, letting))).toContain(
        "can't delete Helm Release with unreachable cluster",
      );
      expect(await read(gone, letting)).toEqual({});
    } finally {
      await letting.stop();
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
  expect(await failure(plugin.call("Check", { urn: urnOf(type, "a"), news: {} }))).toMatch(message);
});
