import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppsV1Api, CoreV1Api, RbacAuthorizationV1Api, VersionApi } from "@kubernetes/client-node";
import { type LabCluster, labStatus, startLab, stopLab } from "../../lab/control-plane";
import { type LabState, readState } from "../../lab/control-plane/state";
import { isRunning } from "../../lab/processes";
import { eventually } from "./eventually";
import { kubeConfig } from "./harness";

jest.setTimeout(600_000);

const dir = mkdtempSync(join(tmpdir(), "weft-lab-"));
const lines: string[] = [];
const report = (line: string) => void lines.push(line);

let one: LabCluster;
let two: LabCluster;

beforeAll(async () => {
  [one, two] = (await startLab({ dir, clusters: ["one", "two"], report })) as [LabCluster, LabCluster];
});

afterAll(async () => {
  await stopLab(dir);
  rmSync(dir, { recursive: true, force: true });
});

const config = ({ kubeconfig }: LabCluster) => kubeConfig(kubeconfig);

function stateOf(folder: string): LabState {
  const state = readState(folder);
  if (!state) throw new Error(`${folder} has no state`);
  return state;
}

function daemonsOf(state: LabState) {
  return [
    state.etcd.daemon,
    ...Object.values(state.clusters).flatMap(({ daemons }) => Object.values(daemons)),
  ].filter((daemon) => daemon !== undefined);
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port })
      .once("connect", () => resolve(socket.destroy() !== undefined))
      .once("error", () => resolve(false));
  });
}

function serviceOf(name: string) {
  return { metadata: { name }, spec: { type: "LoadBalancer", ports: [{ port: 80 }] } };
}

function addressOf(core: CoreV1Api, name: string): Promise<string> {
  return eventually(async () => {
    const { status } = await core.readNamespacedService({ namespace: "default", name });
    return status?.loadBalancer?.ingress?.[0]?.ip;
  });
}

test("each API server is a real one, of the toolchain's minor, and every cluster has its own CA", async () => {
  const versions = await Promise.all(
    [one, two].map((cluster) => config(cluster).makeApiClient(VersionApi).getCode()),
  );

  expect(versions.map(({ gitVersion }) => gitVersion)).toEqual([
    expect.stringMatching(/^v1\.\d+\.\d+/),
    versions[0]?.gitVersion,
  ]);
  expect(config(one).getCurrentCluster()?.caData).not.toEqual(config(two).getCurrentCluster()?.caData);
});

test("kubeconfigs are readable by their owner only, and the merged one has a context for each cluster", () => {
  const merged = join(dir, "kubeconfig");
  const kubeconfig = kubeConfig(merged);

  expect([one.kubeconfig, two.kubeconfig, merged].map((file) => statSync(file).mode & 0o777)).toEqual([
    0o600, 0o600, 0o600,
  ]);
  expect(kubeconfig.getContexts().map(({ name }) => name)).toEqual(["one", "two"]);
  expect(kubeconfig.getClusters().map(({ server }) => server)).toEqual([one.apiServer, two.apiServer]);
});

test("a token Secret of a service account is filled, and what the token may do is up to RBAC", async () => {
  const core = config(one).makeApiClient(CoreV1Api);
  const namespace = "default";
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name: "reader" } } });
  await core.createNamespacedSecret({
    namespace,
    body: {
      metadata: { name: "reader-token", annotations: { "kubernetes.io/service-account.name": "reader" } },
      type: "kubernetes.io/service-account-token",
    },
  });
  const data = await eventually(async () => {
    const secret = await core.readNamespacedSecret({ namespace, name: "reader-token" });
    return secret.data?.token === undefined ? undefined : secret.data;
  });
  expect(Object.keys(data).sort()).toEqual(["ca.crt", "namespace", "token"]);

  const asReader = config(one);
  const token = Buffer.from(data.token ?? "", "base64").toString();
  asReader.users = asReader.users.map(({ name }) => ({ name, token }));
  const reader = asReader.makeApiClient(CoreV1Api);
  await expect(reader.listNamespacedPod({ namespace })).rejects.toMatchObject({ code: 403 });

  const rbac = config(one).makeApiClient(RbacAuthorizationV1Api);
  await rbac.createNamespacedRoleBinding({
    namespace,
    body: {
      metadata: { name: "reader" },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "view" },
      subjects: [{ kind: "ServiceAccount", name: "reader", namespace }],
    },
  });
  const pods = await eventually(() => reader.listNamespacedPod({ namespace }).catch(() => undefined));
  expect(pods.items).toEqual([]);
  await expect(reader.deleteNamespacedSecret({ namespace, name: "reader-token" })).rejects.toMatchObject({
    code: 403,
  });
});

test("a Deployment becomes available with pods that have addresses, and goes when it is deleted", async () => {
  const apps = config(one).makeApiClient(AppsV1Api);
  const core = config(one).makeApiClient(CoreV1Api);
  const labels = { app: "web" };
  const namespace = "default";
  await apps.createNamespacedDeployment({
    namespace,
    body: {
      metadata: { name: "web" },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            initContainers: [{ name: "init", image: "none" }],
            containers: [{ name: "web", image: "none" }],
          },
        },
      },
    },
  });
  await eventually(async () => {
    const { status } = await apps.readNamespacedDeployment({ namespace, name: "web" });
    return status?.conditions?.find(({ type, status }) => type === "Available" && status === "True");
  });
  const pods = await core.listNamespacedPod({ namespace, labelSelector: "app=web" });
  const ready = pods.items.map(({ status }) =>
    status?.containerStatuses?.map((container) => container.ready),
  );
  expect(ready).toEqual([[true], [true]]);
  expect(new Set(pods.items.map(({ status }) => status?.podIP)).size).toBe(2);

  await apps.deleteNamespacedDeployment({ namespace, name: "web" });
  await eventually(async () => {
    const { items } = await core.listNamespacedPod({ namespace, labelSelector: "app=web" });
    return items.length === 0 ? true : undefined;
  });
});

test("Services of type LoadBalancer get addresses that differ by Service and by cluster, and the same ones again", async () => {
  const cores = [one, two].map((cluster) => config(cluster).makeApiClient(CoreV1Api)) as [
    CoreV1Api,
    CoreV1Api,
  ];
  const namespace = "default";
  for (const core of cores) {
    for (const name of ["east", "west"])
      await core.createNamespacedService({ namespace, body: serviceOf(name) });
  }
  const addresses = await Promise.all(
    cores.flatMap((core) => [addressOf(core, "east"), addressOf(core, "west")]),
  );
  expect(new Set(addresses).size).toBe(4);

  await cores[0].deleteNamespacedService({ namespace, name: "east" });
  await cores[0].createNamespacedService({ namespace, body: serviceOf("east") });
  expect(await addressOf(cores[0], "east")).toBe(addresses[0]);
});

test("starting a lab that runs changes nothing", async () => {
  const before = readFileSync(join(dir, "state.json"), "utf8");

  const clusters = await startLab({ dir, clusters: ["one", "two"], report });

  expect(clusters).toEqual([one, two]);
  expect(readFileSync(join(dir, "state.json"), "utf8")).toBe(before);
});

test("delays hold back what a real cluster makes one wait for, and nothing else", async () => {
  await startLab({
    dir,
    clusters: ["one", "two"],
    report,
    delays: { istiod: 3600, gateway: 3600, address: 3600, mount: 0 },
  });
  const core = config(two).makeApiClient(CoreV1Api);
  const namespace = "default";
  await core.createNamespacedService({ namespace, body: serviceOf("late") });
  const pods: Record<string, Record<string, string>> = {
    istiod: { app: "istiod", istio: "pilot" },
    gateway: { app: "istio-eastwestgateway", istio: "eastwestgateway" },
    web: { app: "web" },
  };
  for (const [name, labels] of Object.entries(pods)) {
    await core.createNamespacedPod({
      namespace,
      body: { metadata: { name, labels }, spec: { containers: [{ name, image: "none" }] } },
    });
  }
  const phaseOf = async (name: string) => (await core.readNamespacedPod({ namespace, name })).status?.phase;
  await eventually(async () => (await phaseOf("web")) === "Running");

  expect(await Promise.all(["istiod", "gateway"].map(phaseOf))).toEqual(["Pending", "Pending"]);
  const late = await core.readNamespacedService({ namespace, name: "late" });
  expect(late.status?.loadBalancer).toEqual({});
  for (const name of Object.keys(pods)) await core.deleteNamespacedPod({ namespace, name });
});

test("an API server that was killed is seen as not ready, and comes back on the same port with its data", async () => {
  const before = stateOf(dir).clusters.two;
  const server = before?.daemons["kube-apiserver"];
  if (!server) throw new Error("two has no API server");
  process.kill(server.pid, "SIGKILL");
  await eventually(() => !isRunning(server));
  expect((await labStatus(dir)).map(({ ready }) => ready)).toEqual([true, false]);

  const clusters = await startLab({ dir, clusters: ["one", "two"], report });

  expect(clusters).toEqual([one, two]);
  expect(lines.filter((line) => line.startsWith("two: ")).at(-1)).toMatch(
    /^two: ready, .*kube-apiserver.* restarted in /,
  );
  const service = await config(two)
    .makeApiClient(CoreV1Api)
    .readNamespacedService({ namespace: "default", name: "west" });
  expect(service.spec?.type).toBe("LoadBalancer");
  expect(stateOf(dir).clusters.two?.port).toBe(before?.port);
});

test("a cluster that leaves is stopped and forgotten: when it comes back it is empty", async () => {
  const leaving = stateOf(dir).clusters.two;
  if (!leaving) throw new Error("two is not there");

  const clusters = await startLab({ dir, clusters: ["one"], report });

  expect(clusters).toEqual([one]);
  expect(Object.values(leaving.daemons).filter(isRunning)).toEqual([]);
  expect(await listens(leaving.port)).toBe(false);
  expect(existsSync(join(dir, "clusters", "two"))).toBe(false);
  expect((await labStatus(dir)).map(({ name }) => name)).toEqual(["one"]);

  const [, again] = await startLab({ dir, clusters: ["one", "two"], report });
  if (!again) throw new Error("two did not come back");
  const core = config(again).makeApiClient(CoreV1Api);
  // The API server makes its own Service after it has said that it is ready.
  const services = await eventually(async () => {
    const { items } = await core.listNamespacedService({ namespace: "default" });
    return items.length > 0 && items;
  });
  expect(services.map(({ metadata }) => metadata?.name)).toEqual(["kubernetes"]);
});

test("stopping leaves no process, no port and no file", async () => {
  const state = stateOf(dir);
  const daemons = daemonsOf(state);
  // etcd, and five parts of each cluster.
  expect(daemons.filter(isRunning)).toHaveLength(11);

  await stopLab(dir);

  expect(daemons.filter(isRunning)).toEqual([]);
  const ports = [
    state.etcd.port,
    state.etcd.peerPort,
    ...Object.values(state.clusters).map(({ port }) => port),
  ];
  expect(await Promise.all(ports.map(listens))).toEqual(ports.map(() => false));
  expect(existsSync(dir)).toBe(false);
  expect(execFileSync("ps", ["-eo", "args"], { encoding: "utf8" })).not.toContain(dir);
});
