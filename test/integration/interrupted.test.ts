/** What an engine that was killed leaves in a cluster without writing it down, and the update after that, through the real engine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { KubernetesObject } from "@kubernetes/client-node";
import { backendUrl } from "../../lab/engine/stack";
import { type Change, decoded, namespace, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import type { TestStack } from "./operator";

jest.setTimeout(900_000);

const weft = { "app.kubernetes.io/managed-by": "weft" };
/** As which the provider creates objects: provider/pkg/await/await.go of pulumi-kubernetes, Creation. */
const fieldManager = "pulumi-kubernetes";
const ingress = { routes: [{ host: "shop.example", service: "web.shop", port: 80 }] };
const clusters = [
  { name: "cluster1", network: "n", ingress },
  { name: "cluster2", network: "n" },
];

let mesh: TestMesh;
let stack: TestStack;

beforeAll(async () => {
  mesh = await TestMesh.start(["cluster1", "cluster2"]);
  stack = await mesh.stack(clusters);
});

afterAll(() => mesh?.stop());

const up = (): Promise<Change[]> => mesh.record((options) => stack.up(options));

/** What an update that fails shows. */
async function failure(): Promise<string> {
  const from = mesh.transcript.length;
  await expect(up()).rejects.toThrow();
  return mesh.transcript.slice(from).join("\n");
}

const emptyNamespace: KubernetesObject = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name: namespace,
    labels: {
      ...weft,
      "weft.dev/mesh": "mesh1",
      "weft.dev/member": "cluster1",
      "topology.istio.io/network": "n",
    },
  },
};

const uid = async (member: string) =>
  (await mesh.core(member).readNamespace({ name: namespace })).metadata!.uid;

test("a namespace of Weft's that the state does not know is refused when it is in use", async () => {
  await mesh.objects("cluster1").create(emptyNamespace, undefined, undefined, fieldManager);
  const before = await uid("cluster1");
  const secret = { metadata: { name: "somebodys" } };
  await mesh.core("cluster1").createNamespacedSecret({ namespace, body: secret });

  expect(await failure()).toMatch(
    /cluster1 has a namespace istio-system of Weft's that this stack does not know, with secrets in it\.\s+Is it another stack's\?/,
  );

  expect(await uid("cluster1")).toBe(before);
  await mesh.core("cluster1").deleteNamespacedSecret({ namespace, name: "somebodys" });
});

test("an empty one is taken for what an engine left that was killed while it created it, and made anew", async () => {
  const before = await uid("cluster1");

  await up();

  expect(await uid("cluster1")).not.toBe(before);
  expect(Object.keys(decoded(await mesh.secret("cluster1", "weft-peers")))).toEqual(["cluster2"]);
  expect(await up()).toEqual([]);
});

test("so are Secrets, Istio's objects and releases of which the state knows nothing", async () => {
  const before = await mesh.secret("cluster1", "cacerts");
  const forgotten = forget("mesh-cluster1-cacerts");
  expect(forgotten).toEqual(
    expect.arrayContaining([
      "mesh-cluster1-istiod",
      "mesh-cluster1-mtls",
      "mesh-cluster1-peers-0",
      "mesh-cluster1-remote-access-token-1",
      "mesh-cluster1-ingress-shop.example-gateway",
    ]),
  );

  const changes = await up();

  const created = changes.filter(({ op }) => op === "create").map(({ name }) => name);
  expect(created.sort()).toEqual(forgotten.filter((name) => created.includes(name)).sort());
  expect(created).toEqual(expect.arrayContaining(["mesh-cluster1-cacerts", "mesh-cluster1-mtls"]));
  const after = await mesh.secret("cluster1", "cacerts");
  expect(after.metadata!.uid).not.toBe(before.metadata!.uid);
  expect(decoded(after)).toEqual(decoded(before));
  await everyReaderHoldsItsPeers(mesh, everybody(["cluster1", "cluster2"]));
  expect(await up()).toEqual([]);
});

/** Takes a resource, and what depends on it, out of the state: as if the engine had been killed before it wrote them down. */
function forget(name: string): string[] {
  const workDir = join(mesh.dir, "stack");
  const env = {
    ...process.env,
    PULUMI_BACKEND_URL: backendUrl(mesh.dir),
    PULUMI_CONFIG_PASSPHRASE: readFileSync(join(mesh.dir, "passphrase"), "utf8"),
  };
  const pulumi = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      join(mesh.parts.bin, "pulumi"),
      [...args, "--stack", "test"],
      {
        cwd: workDir,
        env,
        encoding: "utf8",
        maxBuffer: 64 * 1024 ** 2,
      },
    );
    if (status !== 0) throw new Error(stdout + stderr);
    return stdout;
  };
  const urns = () =>
    (
      JSON.parse(pulumi("stack", "export")) as { deployment: { resources: { urn: string }[] } }
    ).deployment.resources.map(({ urn }) => urn);
  const known = urns();
  pulumi(
    "state",
    "delete",
    known.find((urn) => urn.endsWith(`::${name}`))!,
    "--target-dependents",
    "--yes",
  );
  const left = new Set(urns());
  return known.filter((urn) => !left.has(urn)).map((urn) => urn.slice(urn.lastIndexOf("::") + 2));
}

const header = {
  apiVersion: "security.istio.io/v1",
  kind: "PeerAuthentication",
  metadata: { name: "default", namespace },
};

test("an object that the state knows is nobody else's, even without its label", async () => {
  const objects = mesh.objects("cluster1");
  const live = await objects.read(header);
  await objects.replace({ ...live, metadata: { ...live.metadata, labels: { owner: "somebody" } } });

  expect((await stack.preview()).changeSummary).toEqual({ same: expect.any(Number) as number });
});

test("a Helm release that somebody else installed is refused, and left as it is", async () => {
  const name = "sh.helm.release.v1.istio-ingressgateway.v1";
  const labels = { owner: "helm", name: "istio-ingressgateway", status: "deployed", version: "1" };
  const record = { apiVersion: "v1", kind: "Secret", metadata: { name, namespace, labels } };
  await mesh.objects("cluster2").create(record, undefined, undefined, "Helm");
  const [one, two] = clusters;

  const withIngress = await mesh.stack([one!, { ...two!, ingress: { namespace } }]);
  await expect(withIngress.preview()).rejects.toThrow(
    /weft:clusters\[1\] = \S+\s+Context \S+ has a Helm release istio-ingressgateway in namespace istio-system that is not Weft's \(installed by Helm\)/,
  );

  await mesh.core("cluster2").deleteNamespacedSecret({ name, namespace });
  stack = await mesh.stack(clusters);
});

test("what is somebody else's is left alone: a preview refuses it, and an `up` without one", async () => {
  forget("mesh-cluster1-mtls");
  const objects = mesh.objects("cluster1");
  const live = await objects.read(header);

  await expect(stack.preview()).rejects.toThrow(
    /cluster1 has a PeerAuthentication default in namespace istio-system that is not this stack's/,
  );
  expect(await failure()).toMatch(
    /PeerAuthentication default in namespace istio-system that is not this stack's/,
  );
  expect((await objects.read(header)).metadata!.resourceVersion).toBe(live.metadata!.resourceVersion);
});
