/**
 * Woven, changed and taken out with exactly the ClusterRole of docs/rights.yaml, by a service account on every control plane whose tokens
 * end: the kubeconfig names the file that has the one that is good.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import {
  AppsV1Api,
  CoreV1Api,
  KubeConfig,
  RbacAuthorizationV1Api,
  type V1ClusterRole,
} from "@kubernetes/client-node";
import { parse } from "yaml";
import { projectRoot } from "../../lab/engine/stack";
import { eventually } from "./eventually";
import { namespace, statusOf, TestMesh } from "./harness";

jest.setTimeout(900_000);

const members = ["cluster1", "cluster2", "cluster3"];
const account = { name: "weft", namespace: "kube-system" };
const ingress = { routes: [{ host: "shop.example", service: "web.shop", port: 80 }] };

let mesh: TestMesh;
let kubeconfigs: Record<string, string>;

beforeAll(async () => {
  mesh = await TestMesh.start(members);
  const role = parse(await fs.readFile(path.join(projectRoot, "docs/rights.yaml"), "utf8")) as V1ClusterRole;
  const tried = members.map(async (name) => [name, await kubeconfigWith(role, name)] as const);
  kubeconfigs = Object.fromEntries(await Promise.all(tried));
});

afterAll(() => mesh?.stop());

const tokenFile = (cluster: string) => path.join(mesh.dir, `${cluster}.token`);

/** A token that is good as long as a Secret is there. */
async function issueToken(cluster: string, secret: string): Promise<void> {
  const core = mesh.core(cluster);
  const { namespace } = account;
  const { metadata } = await core.createNamespacedSecret({ namespace, body: { metadata: { name: secret } } });
  const boundObjectRef = { apiVersion: "v1", kind: "Secret", name: secret, uid: metadata!.uid };
  const { status } = await core.createNamespacedServiceAccountToken({
    ...account,
    body: { spec: { audiences: [], boundObjectRef } },
  });
  await fs.writeFile(tokenFile(cluster), `${status!.token}\n`, { mode: 0o600 });
}

/** With the token that is in the file now. */
async function asAccount(cluster: string): Promise<KubeConfig> {
  return withToken(cluster, (await fs.readFile(tokenFile(cluster), "utf8")).trim());
}

function withToken(cluster: string, token: string): KubeConfig {
  const { name, server, caData } = mesh.config(cluster).getCurrentCluster()!;
  const config = new KubeConfig();
  config.loadFromClusterAndUser({ name, server, caData, skipTLSVerify: false }, { name: "weft", token });
  return config;
}

/** As the pods of a Deployment. */
async function asPodsOf(cluster: string, name: string, of: string): Promise<CoreV1Api> {
  const deployments = mesh.config(cluster).makeApiClient(AppsV1Api);
  const { spec } = await deployments.readNamespacedDeployment({ name, namespace: of });
  const { status } = await mesh.core(cluster).createNamespacedServiceAccountToken({
    name: spec!.template.spec!.serviceAccountName!,
    namespace: of,
    body: { spec: { audiences: [] } },
  });
  return withToken(cluster, status!.token).makeApiClient(CoreV1Api);
}

/** Ends the token, and puts the next one where it was. */
async function renewToken(cluster: string): Promise<void> {
  const ended = (await asAccount(cluster)).makeApiClient(CoreV1Api);
  await mesh.core(cluster).deleteNamespacedSecret({ name: "first", namespace: account.namespace });
  // The API server remembers for some seconds whom it has let in.
  await eventually(async () => (await statusOf(ended.listNamespace())) === 401);
  await issueToken(cluster, "second");
}

/** As docs/rights.md says it. */
async function kubeconfigWith(role: V1ClusterRole, cluster: string): Promise<string> {
  const objects = mesh.objects(cluster);
  await objects.create(role);
  await objects.create({ apiVersion: "v1", kind: "ServiceAccount", metadata: account });
  await objects.create({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "weft" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role.metadata!.name },
    subjects: [{ kind: "ServiceAccount", ...account }],
  } as Parameters<typeof objects.create>[0]);
  await issueToken(cluster, "first");
  const { name, server, caData } = mesh.config(cluster).getCurrentCluster()!;
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name, cluster: { server, "certificate-authority-data": caData } }],
    users: [{ name: "weft", user: { tokenFile: tokenFile(cluster) } }],
    contexts: [{ name: "weft", context: { cluster: name, user: "weft" } }],
    "current-context": "weft",
  });
}

/** Two primaries that read each other, a remote, and every kind of object that needs no chart of others. */
const stack = (config: object = {}) =>
  mesh.stack(
    [
      { name: "cluster1", ingress },
      { name: "cluster2" },
      { name: "cluster3", role: "remote", primary: "cluster1", ingress: {} },
    ].map((entry) => ({ ...entry, kubeconfigPath: undefined, kubeconfig: kubeconfigs[entry.name] })),
    { istio: { cni: {} }, sample: {}, telemetry: { accessLogging: [{}] }, ...config },
  );
const up = async (config?: object) => {
  const opened = await stack(config);
  return mesh.record((options) => opened.up(options));
};

test("it grants nothing that it does not have", async () => {
  const config = await asAccount("cluster1");
  const grant = (rules: object[]) =>
    statusOf(
      config.makeApiClient(RbacAuthorizationV1Api).createClusterRole({
        body: { metadata: { name: "more" }, rules } as V1ClusterRole,
        dryRun: "All",
      }),
    );
  expect(await grant([{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }])).toBe(200);
  expect(await grant([{ apiGroups: [""], resources: ["pods/exec"], verbs: ["create"] }])).toBe(403);
  expect(await grant([{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }])).toBe(403);
});

test("a mesh comes up with it, and a second up changes nothing", async () => {
  const changes = await up();
  expect(changes.length).toBeGreaterThan(40);
  expect(changes.every(({ op }) => op === "create")).toBe(true);
  expect(await up()).toEqual([]);
});

describe("a gateway's pod gets no CA key and no peer's token", () => {
  const statuses = (api: CoreV1Api) =>
    Promise.all([
      statusOf(api.readNamespacedSecret({ name: "cacerts", namespace })),
      statusOf(api.readNamespacedSecret({ name: "weft-peers", namespace })),
      statusOf(api.listNamespacedSecret({ namespace })),
    ]);

  test.each(members)("the east-west gateway of %s", async (cluster) => {
    const api = await asPodsOf(cluster, "istio-eastwestgateway", namespace);
    expect(await statuses(api)).toEqual([403, 403, 403]);
  });

  test.each(["cluster1", "cluster3"])(
    "the ingress gateway of %s, which reads the Secrets beside it",
    async (cluster) => {
      const api = await asPodsOf(cluster, "istio-ingressgateway", "istio-ingress");
      expect(await statusOf(api.listNamespacedSecret({ namespace: "istio-ingress" }))).toBe(200);
      expect(await statuses(api)).toEqual([403, 403, 403]);
    },
  );
});

test("it is changed: tokens that end, mTLS permissive, no CNI plugin, no Telemetry, no sample", async () => {
  await up({
    remoteAccess: { generation: 2, tokenLifetimeHours: 24 },
    mtls: "permissive",
    istio: undefined,
    sample: undefined,
    telemetry: undefined,
  });
  expect(await mesh.secret("cluster1", "weft-reader-binding-2")).toBeDefined();
});

test("it is taken out again, the CRDs apart, when the tokens of the last up have ended", async () => {
  await Promise.all(members.map(renewToken));
  const opened = await stack();
  await mesh.record((options) => opened.destroy(options));
  for (const name of members) {
    const left = await mesh.core(name).listNamespace();
    expect(left.items.map(({ metadata }) => metadata!.name)).not.toContain(namespace);
  }
});
