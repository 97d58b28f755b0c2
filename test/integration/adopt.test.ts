/**
 * A mesh that bench/script.sh has made by openssl, kubectl and helm, as Istio's guides do, becomes a stack's: by the very commands that
 * `npm run adopt` prints. Each test starts where the one before it ended.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { promisify } from "node:util";
import { DiscoveryV1Api } from "@kubernetes/client-node";
import { runScript } from "../../bench/script";
import { layout } from "../../lab/control-plane/commands";
import { backendUrl, projectRoot, temporaryOf } from "../../lab/engine/stack";
import { ensureToolchain } from "../../lab/toolchain";
import { type Change, decoded, namespace, TestMesh } from "./harness";
import { withLanguageHost } from "./language-host";
import { everybody, everyReaderHoldsItsPeers, watchHoldings } from "./holdings";
import type { TestStack } from "./operator";

jest.setTimeout(900_000);

const names = ["cluster1", "cluster2"];
const reads = everybody(names);
/** What nothing in these tests touches, in each cluster. */
const steady = ["192.0.2.1", "192.0.2.2"];

let mesh: TestMesh;
let stack: TestStack;
let kubectl: string;

beforeAll(async () => {
  mesh = await TestMesh.start(names);
  ({ kubectl } = await ensureToolchain(["kubectl"], { report: () => {} }));
  await runScript({
    dir: path.join(mesh.dir, "script"),
    clusters: names.map((name) => mesh.cluster(name)),
    parts: mesh.parts,
    kubeconfig: layout.merged(mesh.dir),
  });
  await asIstioctlDoes("cluster2", "cluster1");
  await Promise.all(names.map(createSteady));
  stack = await mesh.stack(names.map((name) => ({ name, context: name })));
  await everyReaderHoldsItsPeers(mesh, reads);
});

afterAll(() => mesh?.stop());

/** The script names the remote secret as Weft does. */
async function asIstioctlDoes(reader: string, peer: string): Promise<void> {
  const core = mesh.core(reader);
  const { data } = await mesh.secret(reader, "weft-peers");
  await core.deleteNamespacedSecret({ namespace, name: "weft-peers" });
  const body = {
    metadata: { name: `istio-remote-secret-${peer}`, labels: { "istio/multiCluster": "true" } },
    data,
  };
  await core.createNamespacedSecret({ namespace, body });
}

async function createSteady(name: string): Promise<void> {
  const core = mesh.core(name);
  const where = { namespace: "steady" };
  const ports = [{ name: "http", port: 80, protocol: "TCP" }];
  await core.createNamespace({ body: { metadata: { name: "steady" } } });
  await core.createNamespacedService({
    ...where,
    body: {
      metadata: { name: "steady" },
      spec: { ports: ports.map((port) => ({ ...port, targetPort: 80 })) },
    },
  });
  await mesh
    .config(name)
    .makeApiClient(DiscoveryV1Api)
    .createNamespacedEndpointSlice({
      ...where,
      body: {
        metadata: { name: "steady-1", labels: { "kubernetes.io/service-name": "steady" } },
        addressType: "IPv4",
        endpoints: steady.map((address) => ({ addresses: [address], conditions: { ready: true } })),
        ports,
      },
    });
}

/** UID and revision of what runs and of what the istiods read, by cluster and name. */
async function running(): Promise<Record<string, string>> {
  const found = await Promise.all(
    names.map(async (cluster) => {
      const core = mesh.core(cluster);
      const lists = [
        await core.listNamespacedPod({ namespace }),
        await core.listNamespacedSecret({ namespace }),
      ];
      const services = await core.listNamespacedService({ namespace });
      return [
        ...lists.flatMap<{ metadata?: { name?: string; uid?: string; resourceVersion?: string } }>(
          ({ items }) => items,
        ),
        ...services.items,
      ].map(
        ({ metadata }) =>
          [`${cluster} ${metadata!.name}`, `${metadata!.uid} ${metadata!.resourceVersion}`] as const,
      );
    }),
  );
  return Object.fromEntries(found.flat());
}

const folder = () => path.join(mesh.dir, "stack");

/** As in the shell of a person. */
async function shell(command: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: folder(),
    env: {
      ...process.env,
      PATH: [mesh.parts.bin, path.dirname(kubectl), process.env.PATH].join(path.delimiter),
      PULUMI_BACKEND_URL: backendUrl(mesh.dir),
      PULUMI_CONFIG_PASSPHRASE: await fs.readFile(path.join(mesh.dir, "passphrase"), "utf8"),
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_SKIP_CONFIRMATIONS: "true",
      TMPDIR: temporaryOf(mesh.dir),
    },
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

/** The commands of each step that is printed, as one script; those of Pulumi that run a program, and npm's, are left to the tests. */
function commandsIn(printed: string): string[] {
  return printed
    .split(/^(?=\d+\. )/m)
    .map((step) =>
      step
        .split("\n")
        .filter(
          (line) => line.startsWith("    ") && !/^ +(PULUMI\S* )?(pulumi (preview|up)|npm|rm) /.test(line),
        )
        .join("\n"),
    )
    .filter((commands) => commands !== "");
}

const patchForce = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };
const up = (env?: Record<string, string>): Promise<Change[]> =>
  mesh.record((options) => stack.up({ ...options, env }));
/** What the handing over of the remote secrets is, when its time has come. */
let handOver: string;

test("without it a preview refuses the mesh, and says where to look", async () => {
  await expect(stack.preview()).rejects.toThrow(
    /istiod in namespace istio-system that is not Weft's\.\s+Take the mesh over: `npm run adopt`/,
  );
});

test("what it prints brings the mesh into config and state, and nothing that runs is touched", async () => {
  const before = await running();
  const adopt = path.join(projectRoot, "operate/adopt.ts");
  const tsx = path.join(projectRoot, "node_modules/tsx/dist/loader.mjs");
  const printed = await shell(process.execPath, "--import", tsx, adopt, "--stack", "test");
  const steps = commandsIn(printed);
  expect(steps).toHaveLength(5);
  handOver = steps.pop()!;
  const files = await Promise.all(
    ["Pulumi.test.yaml", "import.json"].map((file) =>
      fs.readFile(path.join(folder(), "adopt-test", file), "utf8"),
    ),
  );
  for (const name of names) {
    const key = decoded(await mesh.secret(name, "cacerts"))["ca-key.pem"]!;
    const [, line = ""] = key.split("\n");
    for (const text of [printed, ...files]) expect(text).not.toContain(line);
  }

  await withLanguageHost(async (runtime) => {
    // The next operation of the operator's puts the project's own back.
    await fs.writeFile(path.join(folder(), "Pulumi.yaml"), JSON.stringify({ name: "weft", runtime }));
    for (const step of steps) mesh.transcript.push(await shell("bash", "-ec", step));
  });

  expect(await running()).toEqual(before);
  const config = await fs.readFile(path.join(folder(), "Pulumi.test.yaml"), "utf8");
  expect(config.match(/key:\n\s+secure: /g)).toHaveLength(2);
  expect(config).not.toContain("PRIVATE KEY");
});

test("the next preview replaces nothing and deletes nothing", async () => {
  const changes = await mesh.record((options) => stack.preview({ ...options, env: patchForce }));
  const inClusters = changes.filter(({ type }) => type.startsWith("kubernetes:"));
  const of = (wanted: string) => inClusters.flatMap(({ op, name }) => (op === wanted ? [name] : []));
  expect(new Set(inClusters.map(({ op }) => op))).toEqual(new Set(["create", "update"]));
  expect(of("create")).toEqual(["mesh-cluster2-peers-0"]);
  expect(of("update")).toEqual(
    expect.arrayContaining(
      names.flatMap((name) =>
        ["namespace", "cacerts", "base", "istiod", "mtls", "eastwest-release"].map(
          (part) => `mesh-${name}-${part}`,
        ),
      ),
    ),
  );
});

test("the first `up` takes it over while the istiods hold each other's endpoints, and the second changes nothing", async () => {
  const uids = async () =>
    Promise.all(
      names.map(async (name) => [
        (await mesh.secret(name, "cacerts")).metadata!.uid,
        (await mesh.core(name).readNamespacedService({ namespace, name: "istio-eastwestgateway" })).metadata!
          .uid,
      ]),
    );
  const before = await uids();
  const watch = watchHoldings(mesh, reads, "steady.steady", steady);

  await up(patchForce);

  const { answers, lapses } = await watch.stop();
  expect(lapses).toEqual([]);
  expect(answers).toBeGreaterThan(10);
  expect(await uids()).toEqual(before);
  expect(await up(patchForce)).toEqual([]);
});

test("the hand-made remote secrets go, and no istiod that answers ever lacks a peer", async () => {
  const watch = watchHoldings(mesh, reads, "steady.steady", steady);

  await shell("bash", "-ec", handOver);

  expect((await watch.stop()).lapses).toEqual([]);
  for (const reader of names) {
    const secrets = await mesh
      .core(reader)
      .listNamespacedSecret({ namespace, labelSelector: "istio/multiCluster=true" });
    expect(secrets.items.map(({ metadata }) => metadata!.name)).toEqual(["weft-peers"]);
  }
  await everyReaderHoldsItsPeers(mesh, reads);
  // The variable was an option of theirs.
  expect((await up()).map(({ op, type }) => `${op} ${type}`)).toEqual(
    names.map(() => "update pulumi:providers:kubernetes"),
  );
  expect(await up()).toEqual([]);
});
