import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CoreV1Api, KubeConfig, KubernetesObjectApi } from "@kubernetes/client-node";
import { parse, stringify } from "yaml";
import { resolveKubeconfigs } from "../../clusters/kubeconfig";
import { parseMeshWithFound } from "../../clusters/membership";
import { preflight } from "../../clusters/preflight";
import { type LabCluster, startLab, stopLab } from "../../lab/control-plane";
import { ConfigError, parseMesh, type Problem } from "../../mesh/mesh";

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

function configOf({ kubeconfig }: LabCluster): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  return config;
}

async function apply(cluster: LabCluster, objects: object[]): Promise<void> {
  const api = KubernetesObjectApi.makeApiClient(configOf(cluster));
  for (const object of objects) await api.create(object);
}

/** Asks until the answer is right: what was written to an API server is served a moment later. */
async function eventually<T>(ask: () => Promise<T>, right: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (right(answer)) return answer;
    await sleep(50);
  }
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
          "The user of this context may not create namespaces, create customresourcedefinitions.apiextensions.k8s.io, create clusterroles.rbac.authorization.k8s.io, create secrets in istio-system, get secrets in istio-system, list secrets in istio-system, list deployments.apps in istio-system.",
      },
    ]);
  });
});

describe("membership", () => {
  const crd = (group: string, version: string, kind: string, plural: string) => ({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: {
      name: `${plural}.${group}`,
      // The API server asks for it in groups of the Kubernetes project.
      annotations: { "api-approved.kubernetes.io": "unapproved, a stand-in" },
    },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind, plural, singular: kind.toLowerCase(), listKind: `${kind}List` },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
        },
      ],
    },
  });

  beforeAll(async () => {
    await apply(management, [
      crd("k0rdent.mirantis.com", "v1beta1", "ClusterDeployment", "clusterdeployments"),
      crd("cluster.x-k8s.io", "v1beta2", "Cluster", "clusters"),
      { apiVersion: "v1", kind: "Namespace", metadata: { name: "team-a" } },
    ]);
    const api = KubernetesObjectApi.makeApiClient(configOf(management));
    for (const [apiVersion, kind] of [
      ["k0rdent.mirantis.com/v1beta1", "ClusterDeployment"],
      ["cluster.x-k8s.io/v1beta2", "Cluster"],
    ] as const) {
      await eventually(
        () =>
          api.list(apiVersion, kind, "team-a").then(
            () => true,
            () => false,
          ),
        (served) => served,
      );
    }
  });

  const warnings: string[] = [];
  async function members(membership: object = {}, known: string[] = []) {
    warnings.length = 0;
    const mesh = await parseMeshWithFound(
      {
        mesh: { ...meshConfig, membership: { management: "mgmt", ...membership } },
        clusters: [{ name: "mgmt", kubeconfigPath: management.kubeconfig }],
      },
      { known, warn: (message) => warnings.push(message) },
    );
    return mesh;
  }
  const namesOf = (mesh: { members: { name: string }[] }) => mesh.members.map(({ name }) => name);

  const deployment = {
    apiVersion: "k0rdent.mirantis.com/v1beta1",
    kind: "ClusterDeployment",
    metadata: {
      name: "child",
      namespace: "team-a",
      labels: { "k0rdent.mirantis.com/istio-role": "member" },
    },
    spec: { template: "aws-standalone-cp-1-0-0" },
  };
  const secret = () => ({
    apiVersion: "v1",
    kind: "Secret",
    type: "cluster.x-k8s.io/secret",
    metadata: { name: "child-kubeconfig", namespace: "team-a" },
    stringData: { value: readFileSync(child.kubeconfig, "utf8") },
  });

  test("follows a ClusterDeployment from its label to its leaving", async () => {
    const api = KubernetesObjectApi.makeApiClient(configOf(management));
    expect(namesOf(await members())).toEqual(["mgmt"]);

    await apply(management, [deployment]);
    expect(namesOf(await members())).toEqual(["mgmt"]);
    expect(warnings).toEqual([
      "ClusterDeployment team-a/child joins once its cluster is up: it has no Secret team-a/child-kubeconfig yet.",
    ]);

    await apply(management, [secret()]);
    const mesh = await members();
    expect(namesOf(mesh)).toEqual(["child", "mgmt"]);
    expect(warnings).toEqual([]);
    const kubeconfigs = await resolveKubeconfigs(mesh);
    expect(kubeconfigs.get("child")!.server).toBe(child.apiServer);
    await expect(preflight(mesh, kubeconfigs, { warn: () => {} })).resolves.toHaveLength(2);

    await api.delete(secret());
    expect(await problemsOf(members({}, ["child", "mgmt"]))).toMatchObject([
      { path: "ClusterDeployment team-a/child" },
    ]);

    await apply(management, [secret()]);
    await api.patch(
      {
        ...deployment,
        metadata: { ...deployment.metadata, labels: { "k0rdent.mirantis.com/istio-role": null } },
      } as never,
      undefined,
      undefined,
      undefined,
      undefined,
      "application/merge-patch+json",
    );
    expect(namesOf(await members({}, ["child", "mgmt"]))).toEqual(["mgmt"]);
  });

  test("finds a Cluster of Cluster API by a selector", async () => {
    await apply(management, [
      {
        apiVersion: "cluster.x-k8s.io/v1beta2",
        kind: "Cluster",
        metadata: { name: "child", namespace: "team-a", labels: { mesh: "yes" } },
      },
    ]);
    expect(namesOf(await members({ clusters: { selector: "mesh in (yes)" } }))).toEqual(["child", "mgmt"]);
    expect(namesOf(await members({ clusters: { selector: "mesh=no" } }))).toEqual(["mgmt"]);
    expect(await problemsOf(members({ clusters: { selector: "mesh in" } }))).toMatchObject([
      { message: "The API server does not take the label selector mesh in." },
    ]);
  });
});
