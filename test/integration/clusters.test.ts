import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CoreV1Api, KubernetesObjectApi } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { resolveKubeconfigs } from "../../clusters/kubeconfig";
import { preflight } from "../../clusters/preflight";
import { type LabCluster, startLab, stopLab } from "../../lab/control-plane";
import { parseMesh } from "../../mesh/parse";
import { ConfigError, type Problem } from "../../mesh/problems";
import { kubeConfig } from "./harness";

jest.setTimeout(600_000);

const dir = mkdtempSync(join(tmpdir(), "weft-clusters-"));
let management: LabCluster;
let child: LabCluster;
beforeAll(async () => {
  [management, child] = (await startLab({ dir, clusters: ["mgmt", "child"], report: () => {} })) as [
    LabCluster,
    LabCluster,
  ];
});
afterAll(async () => {
  await stopLab(dir);
  rmSync(dir, { recursive: true, force: true });
});

const configOf = ({ kubeconfig }: LabCluster) => kubeConfig(kubeconfig);

async function apply(cluster: LabCluster, objects: object[]): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(configOf(cluster));
  for (const object of objects) await api.create(object);
}

const meshConfig = {
  istio: { charts: { oci: "oci://registry.example/charts" } },
  remoteAccess: { allowLoopback: true },
};

async function problemsOf(run: Promise<unknown>): Promise<Problem[]> {
  const error: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error("expected a ConfigError", { cause: error });
  return error.problems;
}

describe("preflight", () => {
  async function run(clusters: object[]) {
    const mesh = parseMesh({ mesh: meshConfig, clusters });
    return preflight(mesh, await resolveKubeconfigs(mesh), { warn: () => {} });
  }
  const entry = ({ name, kubeconfig }: LabCluster) => ({ name, kubeconfigPath: kubeconfig });

  test("passes on fresh control planes", async () => {
    expect(await run([entry(management), entry(child)])).toEqual([
      { name: "child", tokenGenerations: [] },
      { name: "mgmt", tokenGenerations: [] },
    ]);
  });

  test("refuses one control plane under two names", async () => {
    const again = { name: "again", kubeconfigPath: child.kubeconfig };
    expect(await problemsOf(run([entry(child), again]))).toMatchObject([
      {
        path: "weft:clusters[0]",
        message: "This is the same cluster as again, which is in the mesh already.",
      },
    ]);
  });

  test("refuses a token that the API server does not know", async () => {
    const document = parse(readFileSync(child.kubeconfig, "utf8")) as { users: { user: object }[] };
    document.users[0]!.user = { token: "no-such-token" };
    expect(await problemsOf(run([{ name: "child", kubeconfig: stringify(document) }]))).toMatchObject([
      { message: "The API server does not accept the credentials of context child (401 Unauthorized)." },
    ]);
  });

  test("names what a user may not do", async () => {
    await apply(child, [
      {
        apiVersion: "v1",
        kind: "ServiceAccount",
        metadata: { name: "nobody-special", namespace: "default" },
      },
    ]);
    const core = configOf(child).makeApiClient(CoreV1Api);
    const { status } = await core.createNamespacedServiceAccountToken({
      name: "nobody-special",
      namespace: "default",
      body: { spec: { audiences: [] } },
    });
    const document = parse(readFileSync(child.kubeconfig, "utf8")) as { users: { user: object }[] };
    document.users[0]!.user = { token: status!.token };
    expect(await problemsOf(run([{ name: "child", kubeconfig: stringify(document) }]))).toMatchObject([
      {
        path: "weft:clusters[0]",
        message:
          "The user of this context may not get namespaces, create namespaces, create customresourcedefinitions.apiextensions.k8s.io, create clusterroles.rbac.authorization.k8s.io, create secrets in istio-system, get secrets in istio-system, list secrets in istio-system, list deployments.apps in istio-system.",
      },
    ]);
  });
});
