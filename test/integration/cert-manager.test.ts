/**
 * cert-manager in the lab: its chart (or the stand-in) through Pulumi's component, its own controllers as a process, and
 * certificates that those issue.
 */
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, CustomObjectsApi, type KubeConfig } from "@kubernetes/client-node";
import { startCertManager } from "../../lab/cert-manager/process";
import { type LabCluster, startLab, stopLab } from "../../lab/control-plane";
import { defaultIstio } from "../../lab/engine/config";
import { chooseParts, type Parts } from "../../lab/engine/parts";
import { readState } from "../../lab/control-plane/state";
import { isRunning } from "../../lab/processes";
import { kubeConfig } from "./harness";
import { Operator, TestStack } from "./operator";

jest.setTimeout(900_000);

const namespace = "cert-manager";
const standIn = path.resolve(__dirname, "../../lab/charts/cert-manager");
const report = () => undefined;
const operator = new Operator();

let dir: string;
let cluster: LabCluster;
let parts: Parts;
let config: KubeConfig;

beforeAll(async () => {
  dir = await fs.mkdtemp(path.join(os.tmpdir(), "weft-cert-manager-"));
  [cluster] = (await startLab({ dir, clusters: ["one"], report })) as [LabCluster];
  parts = await chooseParts({
    dir,
    plugins: ["kubernetes", "kubernetes-cert-manager"],
    istio: defaultIstio,
    report,
  });
  config = kubeConfig(cluster.kubeconfig);
});

afterAll(async () => {
  operator.stop();
  await stopLab(dir);
  await fs.rm(dir, { recursive: true, force: true });
});

const controllers = () => readState(dir)!.clusters.one!.daemons["cert-manager-controller"];

const open = () =>
  TestStack.open(operator, {
    dir,
    stack: "test",
    bin: parts.bin,
    config: { "weft:kubeconfigPath": cluster.kubeconfig },
    program: path.join(__dirname, "programs/cert-manager.ts"),
  });

interface Ready {
  status?: { conditions?: { type: string; status: string }[] };
}

/** Waits until the object is Ready. */
async function ready(plural: string, name: string): Promise<void> {
  const api = config.makeApiClient(CustomObjectsApi);
  for (;;) {
    const found = (await api.getNamespacedCustomObject({
      group: "cert-manager.io",
      version: "v1",
      namespace,
      plural,
      name,
    })) as Ready;
    if (found.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True")) return;
    await sleep(100);
  }
}

async function certificate(secret: string, key = "tls.crt"): Promise<X509Certificate> {
  const { data } = await config.makeApiClient(CoreV1Api).readNamespacedSecret({ name: secret, namespace });
  return new X509Certificate(Buffer.from(data![key]!, "base64"));
}

test("the controllers start before cert-manager's CRDs are there, and a second start leaves them alone", async () => {
  const start = () => startCertManager({ dir, cluster: cluster.name, report });
  await start();
  const first = controllers();
  await start();
  expect(controllers()).toEqual(first);
});

test("Pulumi's component installs cert-manager as a Helm release of the given provider", async () => {
  const stack = await open();
  const { outputs } = await stack.up();
  expect(outputs.status?.value).toMatchObject({
    name: "cert-manager",
    namespace,
    status: "deployed",
    chart: "cert-manager",
  });
  const { resources } = (await stack.exportStack()).deployment as {
    resources: {
      urn: string;
      type: string;
      provider?: string;
      parent?: string;
      inputs?: Record<string, unknown>;
    }[];
  };
  const release = resources.find(({ type }) => type === "kubernetes:helm.sh/v3:Release");
  expect(release?.urn).toMatch(/::cert-manager-helm$/);
  expect(release?.parent).toMatch(/kubernetes-cert-manager:index:CertManager::cert-manager$/);
  expect(release?.provider).toMatch(/pulumi:providers:kubernetes::one::/);
  expect(release?.inputs).toMatchObject({ values: { installCRDs: true, replicaCount: 2 }, chart: standIn });
});

test("a second update finds nothing to do", async () => {
  const stack = await open();
  const { changeSummary } = await stack.preview({ expectNoChanges: true });
  expect(Object.keys(changeSummary)).toEqual(["same"]);
});

test("a release of the component's that a killed engine did not write down is taken over", async () => {
  const stack = await open();
  const exported = await stack.exportStack();
  const { resources, ...rest } = exported.deployment as { resources: { type: string }[] };
  const kept = resources.filter(({ type }) => type !== "kubernetes:helm.sh/v3:Release");
  expect(kept).toHaveLength(resources.length - 1);
  await stack.importStack({ ...exported, deployment: { ...rest, resources: kept } });

  const { summary, outputs } = await stack.up();

  expect(summary.resourceChanges).toMatchObject({ create: 1 });
  expect(outputs.status?.value).toMatchObject({ name: "cert-manager", status: "deployed" });
});

test("the controllers issue a CA, and from it an intermediate CA", async () => {
  for (const name of ["root", "c1"]) await ready("certificates", name);
  const [root, intermediate, issuer] = [
    await certificate("root"),
    await certificate("c1"),
    await certificate("c1", "ca.crt"),
  ];
  expect(root.verify(root.publicKey)).toBe(true);
  expect(intermediate.verify(root.publicKey)).toBe(true);
  expect(issuer.fingerprint256).toBe(root.fingerprint256);
  expect([root.ca, intermediate.ca]).toEqual([true, true]);
  expect(intermediate.subject).toBe("CN=Intermediate CA");
});

test("the release goes with the stack", async () => {
  const stack = await open();
  await stack.destroy();
  const pods = await config.makeApiClient(CoreV1Api).listPodForAllNamespaces();
  const left = pods.items.filter(
    ({ metadata }) => metadata?.namespace === namespace && !metadata.deletionTimestamp,
  );
  expect(left).toEqual([]);
});

test("the controllers end with the cluster", async () => {
  const daemon = controllers();
  expect(isRunning(daemon)).toBe(true);
  await startLab({ dir, clusters: [], report });
  expect(isRunning(daemon)).toBe(false);
});
