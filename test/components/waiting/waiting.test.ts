import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { resolveKubeconfig } from "../../../clusters/kubeconfig";
import { tellOfWaiting } from "../../../components/waiting/waiting";
import type { Member } from "../../../mesh/mesh-spec";
import { type FakeApiServer, makeIdentity, startFakeApiServer } from "../../clusters/fake-api-server";
import { record } from "../mocks";

const release = "kubernetes:helm.sh/v3:Release";
const isReady = { conditions: [{ type: "Ready", status: "True" }] };
const unscheduled = { conditions: [{ type: "PodScheduled", status: "False", message: "no node." }] };

let server: FakeApiServer;
let podStatus: object = unscheduled;
let provider: kubernetes.Provider;
let transformation: pulumi.ResourceTransformation;
const told: string[] = [];

beforeAll(async () => {
  server = await startFakeApiServer(await makeIdentity(), ({ path }) => {
    const [, namespace, kind] = /\/namespaces\/([^/]+)\/(\w+)$/.exec(path)!;
    if (namespace !== "istio-system") return 403;
    const annotations = { "meta.helm.sh/release-name": "istiod" };
    const items: Record<string, object[]> = {
      deployments: [{ metadata: { name: "istiod", annotations }, spec: { selector: { matchLabels: {} } } }],
      pods: [{ metadata: { name: "istiod-1" }, status: podStatus }],
    };
    return { items: items[kind!] ?? [] };
  });
  const kubeconfig = await resolveKubeconfig({ path: "weft:clusters[0]", kubeconfig: server.kubeconfig() });
  await record(() => {
    provider = new kubernetes.Provider("east", { kubeconfig: "unused" });
    transformation = tellOfWaiting("mesh", {
      members: [{ name: "east", path: "weft:clusters[0]", kubeconfigPath: "./east" } as Member],
      providers: { east: provider },
      kubeconfigs: new Map([["east", kubeconfig]]),
    });
  });
  jest.spyOn(pulumi.log, "warn").mockImplementation((message) => {
    told.push(message);
    return Promise.resolve();
  });
  jest.useFakeTimers({
    now: Date.now(),
    doNotFake: [
      "Date",
      "performance",
      "nextTick",
      "setTimeout",
      "clearTimeout",
      "setImmediate",
      "clearImmediate",
      "queueMicrotask",
    ],
  });
});
beforeEach(() => told.splice(0));
afterAll(async () => {
  jest.useRealTimers();
  await server.close();
});

type Binding = Record<"beforeCreate" | "beforeUpdate" | "afterCreate" | "afterUpdate", pulumi.ResourceHook[]>;

function bindingOf(type: string, opts: pulumi.CustomResourceOptions): Binding | undefined {
  const args = { type, name: "istiod", props: {}, opts, resource: {} as pulumi.Resource };
  return transformation(args)?.opts.hooks as Binding | undefined;
}

const hooksOf = () => bindingOf(release, { provider })!;

/** What the engine calls. */
const call = ([hook]: pulumi.ResourceHook[], namespace = "istio-system") =>
  hook!.callback({
    urn: "urn:istiod",
    id: "",
    name: "mesh-east-istiod",
    type: release,
    newInputs: { name: "istiod", namespace },
  });

/** A minute, and until the cluster was asked. */
async function minute(): Promise<void> {
  const asked = server.requests.length;
  jest.advanceTimersByTime(60_000);
  while (server.requests.length === asked || (await server.connections()) > 0) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("whoever waits for a minute is told why, once, and again when it is something else", async () => {
  const { beforeCreate, afterCreate } = hooksOf();
  await call(beforeCreate);
  await minute();
  await minute();
  const toldOnce = [...told];
  podStatus = {};
  await minute();
  await call(afterCreate);
  jest.advanceTimersByTime(600_000);
  podStatus = unscheduled;

  const what = (seconds: number, cause: string) =>
    `mesh-east-istiod is not ready after ${seconds} s: ${cause}. See what \`kubectl --kubeconfig ./east --context here -n istio-system ` +
    "describe pods,services` says. Helm goes on waiting for 10 minutes; Ctrl-C ends that. Mend it, then `pulumi up` again.";
  expect(toldOnce).toEqual([what(60, "pod istiod-1 is not scheduled: no node")]);
  expect(told.slice(1)).toEqual([what(180, "pod istiod-1 is not ready")]);
});

test("what is updated is waited for as well", async () => {
  const { beforeUpdate, afterUpdate } = hooksOf();
  await call(beforeUpdate);
  await minute();
  await call(afterUpdate);
  expect(told).toHaveLength(1);
});

test("nothing is told where all is ready, or where one may not look", async () => {
  const { beforeCreate, afterCreate } = hooksOf();
  podStatus = isReady;
  await call(beforeCreate);
  await minute();
  await call(afterCreate);
  podStatus = unscheduled;
  await call(beforeCreate, "elsewhere");
  await minute();
  await call(afterCreate);
  expect(told).toEqual([]);
});

test("hooks that are there stay before it; what is no release, or somebody else's, gets none", () => {
  const earlier = {} as pulumi.ResourceHook;
  const { beforeCreate } = bindingOf(release, { provider, hooks: { beforeCreate: [earlier] } })!;
  expect(beforeCreate[0]).toBe(earlier);
  expect(beforeCreate).toHaveLength(2);
  expect(bindingOf("kubernetes:core/v1:Secret", { provider })).toBeUndefined();
  expect(bindingOf(release, {})).toBeUndefined();
});
