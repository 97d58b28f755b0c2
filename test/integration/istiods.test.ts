/**
 * The istiods of a lab are processes: each lives as long as its pod, is reached through the API server, and sees what its pod mounts.
 * Each test starts where the one before it ended.
 */
import { execFile, execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { promisify } from "node:util";
import { AppsV1Api, type V1Pod } from "@kubernetes/client-node";
import { labStatus, startLab, stopLab } from "../../lab/control-plane";
import { readState } from "../../lab/control-plane/state";
import { ensureToolchain, ISTIO, moduleCharts } from "../../lab/toolchain";
import { eventually, rewrite } from "./eventually";
import { namespace, TestMesh } from "./harness";
import { toIstiod } from "./holdings";

jest.setTimeout(600_000);

/** A Secret beside those that the chart mounts. */
const watched = { name: "watched", mountPath: "/etc/watched" };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await TestMesh.start(["one"], []);
  const report = (line: string) => void mesh.transcript.push(line);
  const { helm } = await ensureToolchain(["helm"], { report });
  const charts = await moduleCharts({ report });
  await mesh.core("one").createNamespace({ body: { metadata: { name: namespace } } });
  await mesh.core("one").createNamespacedSecret({
    namespace,
    body: { metadata: { name: watched.name }, stringData: { version: "1" } },
  });
  const install = async (release: string, chart: string, values: object) => {
    const kubeconfig = ["--kubeconfig", mesh.cluster("one").kubeconfig];
    const args = ["install", release, path.join(charts, chart), "-n", namespace, "--wait", "--values", "-"];
    const run = promisify(execFile)(helm, [...args, ...kubeconfig]);
    run.child.stdin!.end(JSON.stringify(values));
    await run;
  };
  await install("istio-base", "base", {});
  await install("istiod", "istiod", {
    volumes: [{ name: watched.name, secret: { secretName: watched.name } }],
    volumeMounts: [watched],
  });
});
afterAll(() => mesh?.stop());

const start = (mount: number) =>
  startLab({
    dir: mesh.dir,
    clusters: ["one"],
    report: (line) => void mesh.transcript.push(line),
    delays: { istiod: 0, gateway: 0, address: 0, mount },
  });

async function pods(): Promise<V1Pod[]> {
  const { items } = await mesh.core("one").listNamespacedPod({ namespace, labelSelector: "app=istiod" });
  return items;
}

/** The pods, once there are so many and all of them ready. */
const ready = (count: number) =>
  eventually(async () => {
    const found = await pods();
    const isReady = ({ metadata, status }: V1Pod) =>
      metadata!.deletionTimestamp === undefined && status!.containerStatuses?.[0]?.ready === true;
    return found.length === count && found.every(isReady) && found;
  });

const restartsOf = ({ status }: V1Pod) => status!.containerStatuses![0]!.restartCount;
const nameOf = ({ metadata }: V1Pod) => metadata!.name!;
const folderOf = (name: string) => path.join(mesh.dir, "clusters/one/pods", `${namespace}_${name}`);

/** Process ids of the istiods of this lab, or of one of its pods. */
const processes = (name = "") =>
  execFileSync("ps", ["-ww", "-eo", "pid=,args="], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes(` discovery `) && line.includes(`--kubeconfig=${folderOf(name)}`))
    .map((line) => Number.parseInt(line, 10));

test("an istiod's process is there while its pod is, and started again when it is killed", async () => {
  const [pod] = await ready(1);
  const [killed, ...others] = processes(nameOf(pod!));
  expect(others).toEqual([]);

  process.kill(killed!, "SIGKILL");
  await eventually(async () => restartsOf((await pods())[0]!) === 1);
  const [again] = await ready(1);
  expect(nameOf(again!)).toBe(nameOf(pod!));
  const [restarted] = processes(nameOf(pod!));
  expect(restarted).toEqual(expect.any(Number));
  expect(restarted).not.toBe(killed);

  await mesh.core("one").deleteNamespacedPod({ namespace, name: nameOf(pod!) });
  await eventually(() => processes(nameOf(pod!)).length === 0);
  const [next] = await ready(1);
  expect(nameOf(next!)).not.toBe(nameOf(pod!));
  expect(processes()).toEqual(processes(nameOf(next!)));
});

test("pods/proxy and pods/portforward lead to it", async () => {
  const [pod] = await ready(1);
  const proxied = await mesh
    .core("one")
    .connectGetNamespacedPodProxyWithPath({ namespace, name: `${nameOf(pod!)}:15014`, path: "version" });
  expect(proxied).toContain(ISTIO);

  const forwarded = await toIstiod(mesh, "one", 15014, (connection) => {
    connection.end("GET /version HTTP/1.0\r\n\r\n");
    return text(connection);
  });
  expect(forwarded).toContain("200 OK");
  expect(forwarded).toContain(ISTIO);
});

test("webhooks lead to it: it refuses what only istiod knows to be wrong", async () => {
  const gateway = {
    apiVersion: "networking.istio.io/v1",
    kind: "Gateway",
    metadata: { name: "no.label", namespace },
    spec: { servers: [{ port: { number: 80, name: "http", protocol: "HTTP" }, hosts: ["*"] }] },
  };
  const refused = () =>
    mesh
      .objects("one")
      .create(gateway, undefined, "All")
      .then(
        () => undefined,
        ({ body }: { body?: unknown }) => JSON.stringify(body),
      );
  // istiod asks for refusals to count only once it has seen that it is reached itself.
  const words = await eventually(refused);
  expect(words).toMatch(
    /admission webhook .*validation\.istio\.io.* denied the request: .*invalid gateway name/,
  );
});

/** undefined while its agent starts it anew. */
const contents = (name: string) =>
  fs.readFile(path.join(folderOf(name), "root", watched.mountPath, "version"), "utf8").catch(() => undefined);

async function change(version: string): Promise<void> {
  const secret = await mesh.secret("one", watched.name);
  await mesh.core("one").replaceNamespacedSecret({
    namespace,
    name: watched.name,
    body: { ...secret, data: { version: Buffer.from(version).toString("base64") } },
  });
}

test("a mounted Secret's change arrives, and where a delay is set not before it", async () => {
  const [first] = await ready(1);
  await change("2");
  await eventually(async () => (await contents(nameOf(first!))) === "2");

  await start(3600);
  // Started anew with their agent, at least once.
  await eventually(async () => restartsOf((await pods())[0]!) > restartsOf(first!));
  await ready(1);
  await change("3");
  await scale(2);
  const both = (await ready(2)).map(nameOf);
  const later = both.find((name) => name !== nameOf(first!))!;
  expect(await contents(later)).toBe("3");
  expect(await contents(nameOf(first!))).toBe("2");

  await start(0);
  await eventually(async () => (await contents(nameOf(first!))) === "3");
  await scale(1);
  await ready(1);
});

async function scale(replicas: number): Promise<void> {
  const apps = mesh.config("one").makeApiClient(AppsV1Api);
  const header = { name: "istiod", namespace };
  await rewrite(async () => {
    const body = await apps.readNamespacedDeploymentScale(header);
    await apps.replaceNamespacedDeploymentScale({ ...header, body: { ...body, spec: { replicas } } });
  });
}

test("istiods end with their agent, and come back with it", async () => {
  const [pod] = await ready(1);
  const agent = readState(mesh.dir)!.clusters.one!.daemons.istiods!;
  process.kill(agent.pid, "SIGKILL");
  await eventually(() => processes().length === 0);
  expect((await labStatus(mesh.dir)).map(({ ready }) => ready)).toEqual([false]);

  await start(0);
  await eventually(async () => restartsOf((await pods())[0]!) > restartsOf(pod!));
  const [back] = await ready(1);
  expect(nameOf(back!)).toBe(nameOf(pod!));
  expect((await labStatus(mesh.dir)).map(({ ready }) => ready)).toEqual([true]);
});

test("stopping the lab ends them", async () => {
  expect(processes()).toHaveLength(1);
  await stopLab(mesh.dir);
  expect(processes()).toEqual([]);
});
