/**
 * Faults in the middle of an `up`: what breaks is named, nothing is lost, nothing is there twice, and the next `up` converges.
 * docs/reliability.md says what was seen.
 */
import { copyFileSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import * as automation from "@pulumi/pulumi/automation";
import { AdmissionregistrationV1Api, AppsV1Api } from "@kubernetes/client-node";
import { startLab } from "../../lab/control-plane";
import { type Part, readState } from "../../lab/control-plane/state";
import { backendUrl } from "../../lab/engine/stack";
import { isRunning, type ProcessIdentity } from "../../lab/processes";
import { eventually } from "./eventually";
import { FaultProxy } from "./fault-proxy";
import { decoded, namespace, statusOf, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import type { TestStack } from "./operator";
import { Wire } from "./wire";

jest.setTimeout(900_000);

const members = ["cluster1", "cluster2"];

let mesh: TestMesh;
let proxy: FaultProxy;
/** What every `up` changes: another token of each member, and an istiod that is rolled out anew. */
let generation = 1;

beforeAll(async () => {
  mesh = await TestMesh.start(members);
  proxy = await FaultProxy.before(mesh.cluster("cluster2"), mesh.dir);
  await up(await stack());
});

afterAll(async () => {
  await proxy?.stop();
  await mesh?.stop();
});

/** The mesh of this generation, and the way of the engine to cluster2. */
function stack(way: Record<string, unknown> = {}): Promise<TestStack> {
  return mesh.stack(
    [
      { name: "cluster1", network: "n" },
      { name: "cluster2", network: "n", apiServer: mesh.cluster("cluster2").apiServer, ...way },
    ],
    {
      istio: { values: { pilot: { env: { WEFT_TEST_GENERATION: String(generation) } } } },
      remoteAccess: { generation },
    },
  );
}

const up = (stack: TestStack) => mesh.record((options) => stack.up(options));

/**
 * An `up` that renews everything, and what happens when so many resources have been begun.
 * @returns what it has shown; undefined where it succeeded.
 */
async function upThrough(fault: () => void, { begun = 1, way = {} } = {}): Promise<string | undefined> {
  generation++;
  const from = mesh.transcript.length;
  const changing = await stack(way);
  let seen = 0;
  const failure = await mesh
    .record((options) =>
      changing.up({
        ...options,
        onEvent: (event) => {
          options.onEvent?.(event);
          const op = event.resourcePreEvent?.metadata.op;
          if (op !== undefined && op !== "same" && op !== "read" && ++seen === begun) fault();
        },
      }),
    )
    .then(() => undefined, String);
  // Without its program the engine ends by itself.
  await eventually(() => !mesh.isRunning("pulumi up"));
  expect(seen).toBeGreaterThanOrEqual(begun);
  return failure === undefined ? undefined : [...mesh.transcript.slice(from), failure].join("\n");
}

/** What Weft and Helm keep in each member, without what differs from generation to generation. */
async function inventory(): Promise<Record<string, string[]>> {
  const found = members.map(async (member) => {
    const core = mesh.core(member);
    const apps = mesh.config(member).makeApiClient(AppsV1Api);
    const secrets = (await core.listNamespacedSecret({ namespace })).items;
    const releases = secrets
      .filter(
        ({ metadata }) => metadata!.labels?.owner === "helm" && metadata!.labels.status !== "superseded",
      )
      .map(({ metadata }) => `release ${metadata!.labels!.name}: ${metadata!.labels!.status}`);
    const others = secrets
      .filter(({ metadata }) => metadata!.labels?.owner !== "helm")
      .map(({ metadata }) => `secret ${metadata!.name!.replace(/-\d+$/, "-N")}`);
    const services = (await core.listNamespacedService({ namespace })).items;
    const deployments = (await apps.listNamespacedDeployment({ namespace })).items;
    return [
      member,
      [
        ...releases,
        ...others,
        ...services.map(({ metadata }) => `service ${metadata!.name}`),
        ...deployments.map(({ metadata }) => `deployment ${metadata!.name}`),
      ].sort(),
    ] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** The next `up` finishes what the last one began, and there is nothing more or less than before. */
async function converges(before: Record<string, string[]>, way: Record<string, string> = {}): Promise<void> {
  await up(await stack(way));
  expect(await up(await stack(way))).toEqual([]);
  expect(await inventory()).toEqual(before);
  const [, tokens] = await Promise.all([everyReaderHoldsItsPeers(mesh, everybody(members)), tokensOfPeers()]);
  expect(tokens).toEqual(members.map(() => `weft-reader-token-${generation}`));
}

/** Which of its peer's tokens each member has. */
async function tokensOfPeers(): Promise<string[]> {
  return Promise.all(
    members.map(async (reader) => {
      const peer = members.find((member) => member !== reader)!;
      const held = decoded(await mesh.secret(reader, "weft-peers"))[peer]!;
      const { items } = await mesh.core(peer).listNamespacedSecret({ namespace });
      const tokens = items.filter(({ type }) => type === "kubernetes.io/service-account-token");
      return tokens.find((secret) => held.includes(decoded(secret).token!))!.metadata!.name!;
    }),
  );
}

const daemon = (part: Part) => readState(mesh.dir)!.clusters.cluster2!.daemons[part]!;

/** Brings back what was killed. */
const restore = () =>
  startLab({ dir: mesh.dir, clusters: members, report: () => {}, istiods: mesh.parts.istiods });

/** Kills a daemon of the lab, and brings it back when it is gone. What waits for a release goes on doing so meanwhile. */
async function upWithout(daemon: ProcessIdentity): Promise<string | undefined> {
  let restored: Promise<unknown> | undefined;
  const failure = await upThrough(
    () => {
      process.kill(daemon.pid, "SIGKILL");
      restored = eventually(() => !isRunning(daemon)).then(restore);
    },
    { begun: 4 },
  );
  await restored;
  return failure;
}

test("an API server that is killed and comes back", async () => {
  const before = await inventory();

  const failure = await upWithout(daemon("kube-apiserver"));

  expect([undefined, expect.stringMatching(/connection refused|EOF|connection reset/)]).toContainEqual(
    failure,
  );
  await converges(before);
});

test("one that is gone is named before anything is begun", async () => {
  const before = await inventory();
  const gone = daemon("kube-apiserver");
  process.kill(gone.pid, "SIGKILL");
  await eventually(() => !isRunning(gone));
  const from = mesh.transcript.length;

  await expect(up(await stack())).rejects.toThrow();

  const shown = mesh.transcript.slice(from).join("\n");
  expect(shown).toMatch(/weft:clusters\[1\][\s\S]*The API server cannot be reached \(ECONNREFUSED\)\./);
  expect(shown).not.toMatch(/\bat \S+ \(/);
  await restore();
  await converges(before);
});

test("an etcd that is killed and comes back", async () => {
  const before = await inventory();

  const etcd = readState(mesh.dir)!.etcd.daemon!;

  // Whether the update waits or fails depends on what it was at.
  await upWithout(etcd);

  expect(isRunning(etcd)).toBe(false);
  await converges(before);
});

test("an API server that stalls and goes on: the update waits", async () => {
  const before = await inventory();
  const { pid } = daemon("kube-apiserver");
  let stalled: Promise<unknown> | undefined;

  const failure = await upThrough(
    () => {
      process.kill(pid, "SIGSTOP");
      // It goes on when it has left a request of somebody else's without an answer.
      const asked = fetch(mesh.cluster("cluster2").apiServer, { signal: AbortSignal.timeout(5000) });
      stalled = asked.catch((error: Error) => error.name).finally(() => process.kill(pid, "SIGCONT"));
    },
    { begun: 4 },
  );

  expect(await stalled).toBe("TimeoutError");
  expect(failure).toBeUndefined();
  await converges(before);
});

/** Which request it is that fails, and whether its client tries again, is chance. */
const failsOnTheWay = [undefined, expect.stringMatching(/mesh-cluster2-\S+ .*error: /)];

test.each([
  // Every client asks again.
  { status: 429, outcomes: [undefined] },
  { status: 500, outcomes: failsOnTheWay },
  { status: 503, outcomes: failsOnTheWay },
])("an API server that answers every eighth request with $status", async ({ status, outcomes }) => {
  const before = await inventory();

  const failure = await upThrough(() => (proxy.status = status), {
    way: { kubeconfigPath: proxy.kubeconfig },
  });
  proxy.status = undefined;

  expect(proxy.answered).toContain(status);
  expect(outcomes).toContainEqual(failure);
  await converges(before);
});

test("one that does so from the start is refused by name before anything is changed", async () => {
  const before = await inventory();
  proxy.status = 503;
  const from = mesh.transcript.length;

  await expect(up(await stack({ kubeconfigPath: proxy.kubeconfig }))).rejects.toThrow();

  proxy.status = undefined;
  expect(mesh.transcript.slice(from).join("\n")).toMatch(/weft:clusters\[1\][\s\S]*503/);
  await converges(before);
});

test("a member whose clock is an hour behind is refused by name before anything is changed", async () => {
  const before = await inventory();
  proxy.clockOffsetMs = -3_600_000;
  const from = mesh.transcript.length;

  await expect(up(await stack({ kubeconfigPath: proxy.kubeconfig }))).rejects.toThrow();

  proxy.clockOffsetMs = 0;
  expect(mesh.transcript.slice(from).join("\n")).toMatch(
    /weft:clusters\[1\][\s\S]*The clock of cluster2 is (59|60) min behind this machine's\./,
  );
  await converges(before);
});

test("an istiod that never becomes ready: it is said why, Ctrl-C ends the wait, and mended it is ready", async () => {
  const before = await inventory();
  const nodeSelector = { "weft.test/nowhere": "true" };
  const broken = await stack({ istio: { values: { pilot: { nodeSelector } } } });
  const from = mesh.transcript.length;
  const shown = () => mesh.transcript.slice(from).join("\n");

  const failure = up(broken).then(() => undefined, String);
  await eventually(() => shown().includes("mesh-cluster2-istiod is not ready after 60 s"));
  mesh.interrupt();
  expect(await failure).toBeDefined();

  expect(shown()).toMatch(
    /pod istiod-\S+ is not scheduled: 0\/1 nodes are available: .*node affinity\/selector/,
  );
  expect(shown()).toMatch(/`kubectl --kubeconfig \S+ --context \S+ -n istio-system describe pods,services`/);
  // The one before it goes on.
  await everyReaderHoldsItsPeers(mesh, everybody(members));
  await converges(before);
});

test("a disk that is full for the state: what is whole of it is put back, and the next update converges", async () => {
  const before = await inventory();
  const state = path.join(mesh.dir, "state/.pulumi");
  const file = path.join(state, "stacks/weft/test.json");

  const failure = await upThrough(() => mesh.limitFiles(20_000));

  expect(failure).toMatch(/failed to save snapshot: .*test\.json.*: file too large/);
  await expect(stack().then(up)).rejects.toThrow("failed to load checkpoint");

  const backups = readdirSync(path.join(state, "backups/weft/test")).sort().reverse();
  const copies = [`${file}.bak`, ...backups.map((name) => path.join(state, "backups/weft/test", name))];
  copyFileSync(copies.find(isWhole)!, file);
  await converges(before);
});

function isWhole(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

test("a webhook that refuses: the update fails with its name", async () => {
  const before = await inventory();
  const hooks = mesh.config("cluster2").makeApiClient(AdmissionregistrationV1Api);
  const name = "somebodys-webhook";
  await hooks.createValidatingWebhookConfiguration({
    body: {
      metadata: { name },
      webhooks: [
        {
          name: "nothing.passes.example",
          admissionReviewVersions: ["v1"],
          sideEffects: "None",
          failurePolicy: "Fail",
          clientConfig: { service: { namespace, name: "nobody" } },
          rules: [
            {
              apiGroups: [""],
              apiVersions: ["v1"],
              operations: ["CREATE", "UPDATE"],
              resources: ["secrets"],
            },
          ],
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
        },
      ],
    },
  });
  const isInForce = async () =>
    (await statusOf(
      mesh.core("cluster2").createNamespacedSecret({
        namespace,
        body: { metadata: { name: "probe" } },
        dryRun: "All",
      }),
    )) === 500;
  await eventually(isInForce);

  expect(await upThrough(() => {})).toMatch(/failed calling webhook .*nothing\.passes\.example/);

  await hooks.deleteValidatingWebhookConfiguration({ name });
  await eventually(async () => !(await isInForce()));
  await converges(before);
});

test("of two updates at once the second is refused, and the first goes on", async () => {
  const before = await inventory();
  let second: Promise<unknown> | undefined;

  const failure = await upThrough(() => void (second = another()));

  expect(await second).toBeInstanceOf(automation.ConcurrentUpdateError);
  expect(failure).toBeUndefined();
  await converges(before);
});

/** An update as from another terminal, whose program would change nothing: openStack takes a lock for a dead engine's. */
async function another(): Promise<unknown> {
  const theirs = await automation.LocalWorkspace.selectStack(
    { stackName: "test", projectName: "weft", program: () => Promise.reject(new Error("it was begun")) },
    {
      workDir: `${mesh.dir}/stack`,
      pulumiCommand: await automation.PulumiCommand.get({ root: `${mesh.parts.bin}/..` }),
      envVars: {
        PULUMI_BACKEND_URL: backendUrl(mesh.dir),
        PULUMI_CONFIG_PASSPHRASE: readFileSync(`${mesh.dir}/passphrase`, "utf8"),
      },
    },
  );
  return theirs.up().catch((error: unknown) => error);
}

test("the way from one member to the other's API server is cut, and comes back", async () => {
  const before = await inventory();
  const between = await Wire.to(new URL(mesh.cluster("cluster2").apiServer));
  const way = { apiServer: `https://127.0.0.1:${between.port}` };
  await up(await stack(way));

  // istiod is ready without a peer that it does not reach: PILOT_REMOTE_CLUSTER_TIMEOUT.
  expect(await upThrough(() => between.cut(), { way })).toBeUndefined();

  await between.mend();
  await converges(before, way);
  await up(await stack());
  between.cut();
});

const victims = ["pulumi up", "pulumi-resource-kubernetes", "program"];

test.each(victims.flatMap((victim) => [1, 2, 4].map((begun) => ({ victim, begun }))))(
  "$victim is killed when $begun changes have begun",
  async ({ victim, begun }) => {
    const before = await inventory();

    expect(await upThrough(() => mesh.kill(victim), { begun })).toBeDefined();

    await converges(before);
  },
);
