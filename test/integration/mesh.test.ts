/**
 * The life of a mesh on real control planes, through the real engine: woven, joined, renewed, repaired, left, killed half-way, destroyed.
 * Each test starts where the one before it ended.
 */
import "reflect-metadata";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  CoreV1Api,
  type KubeConfig,
  type KubernetesObject,
  RbacAuthorizationV1Api,
  Watch,
} from "@kubernetes/client-node";
import { X509ChainBuilder, X509Certificate as PeculiarCertificate } from "@peculiar/x509";
import { temporaryOf } from "../../lab/engine/stack";
import { eventually } from "./eventually";
import { type Change, TestMesh, decoded, discovery, kubeConfigFrom, namespace, statusOf } from "./harness";
import { everybody, everyReaderHoldsItsPeers } from "./holdings";
import { contentsBelow, leaked } from "./leaks";
import type { TestStack } from "./operator";

jest.setTimeout(900_000);

const three = [{ name: "cluster1" }, { name: "cluster2" }, { name: "cluster3" }];
const four = [...three, { name: "cluster4" }];
const names = (clusters: { name: string }[]) => clusters.map(({ name }) => name);

let mesh: TestMesh;

beforeAll(async () => {
  mesh = await TestMesh.start(names(four));
});

afterAll(async () => {
  await mesh?.stop();
});

const up = async (
  clusters: { name: string; [key: string]: unknown }[],
  config: Record<string, unknown> = {},
): Promise<Change[]> => {
  const stack = await mesh.stack(clusters, config);
  return mesh.record((options) => stack.up(options));
};

const outputsOf = async (stack: TestStack) =>
  (await stack.outputs()) as unknown as {
    mesh: { value: { id: string; root: { fingerprint: string; expiry: string } } };
    members: {
      value: Record<
        string,
        { network: string; role: string; eastWestAddress: string; istiodVersion: string }
      >;
    };
  };

/** Every istiod holds what every other of these members has, and nothing of anybody else. */
const holdEachOther = (clusters: { name: string }[]) =>
  everyReaderHoldsItsPeers(mesh, everybody(names(clusters)));

const peers = async (reader: string) => decoded(await mesh.secret(reader, "weft-peers"));

test("three clusters become one mesh, and the outputs say so", async () => {
  const changes = await up(three);

  expect(changes.every(({ op }) => op === "create")).toBe(true);
  const { mesh: woven, members } = await outputsOf(await mesh.stack(three));
  expect(woven.value.id).toBe("mesh1");
  expect(Object.keys(members.value)).toEqual(names(three));
  for (const [name, member] of Object.entries(members.value)) {
    const { metadata } = await mesh.core(name).readNamespace({ name: namespace });
    expect(member).toEqual({
      network: name,
      role: "primary",
      uid: metadata!.uid,
      eastWestAddress: expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/) as string,
      istiodVersion: expect.stringMatching(/^\d+\.\d+\.\d+/) as string,
    });
  }
  expect(new Set(Object.values(members.value).map(({ eastWestAddress }) => eastWestAddress)).size).toBe(3);
  await holdEachOther(three);
});

test("every intermediate leads to the one root, and its key fits", async () => {
  const { mesh: woven } = await outputsOf(await mesh.stack(three));
  const roots = new Set<string>();
  for (const name of names(three)) {
    const cacerts = decoded(await mesh.secret(name, "cacerts"));
    const intermediate = new PeculiarCertificate(cacerts["ca-cert.pem"]!);
    const root = new PeculiarCertificate(cacerts["root-cert.pem"]!);

    const chain = await new X509ChainBuilder({ certificates: [root] }).build(intermediate);
    expect(chain.map(({ subject }) => subject)).toEqual([intermediate.subject, root.subject]);
    await expect(intermediate.verify({ publicKey: root.publicKey, date: new Date() })).resolves.toBe(true);
    expect(cacerts["cert-chain.pem"]!.trim()).toBe(
      `${cacerts["ca-cert.pem"]!.trim()}\n${cacerts["root-cert.pem"]!.trim()}`,
    );
    expect(
      new X509Certificate(cacerts["ca-cert.pem"]!).checkPrivateKey(createPrivateKey(cacerts["ca-key.pem"]!)),
    ).toBe(true);
    roots.add(new X509Certificate(cacerts["root-cert.pem"]!).fingerprint256);
  }
  expect([...roots]).toEqual([woven.value.root.fingerprint]);
});

test("each primary holds a kubeconfig for every other member that reads what istiod reads, and writes nothing", async () => {
  for (const reader of names(three)) {
    const secret = await mesh.secret(reader, "weft-peers");
    expect(secret.metadata?.labels).toMatchObject({ "istio/multiCluster": "true" });
    const held = await peers(reader);
    expect(Object.keys(held).sort()).toEqual(names(three).filter((name) => name !== reader));
    for (const [peer, contents] of Object.entries(held)) {
      const config = kubeConfigFrom(contents);
      expect(config.getCurrentCluster()).toMatchObject({
        server: mesh.cluster(peer).apiServer,
        skipTLSVerify: false,
      });
      await readsButNeverWrites(config);
    }
  }
});

async function readsButNeverWrites(config: KubeConfig): Promise<void> {
  const core = config.makeApiClient(CoreV1Api);
  expect(await statusOf(core.listServiceForAllNamespaces())).toBe(200);
  expect(await statusOf(core.listPodForAllNamespaces())).toBe(200);
  expect(await statusOf(discovery(config).listEndpointSliceForAllNamespaces())).toBe(200);

  const metadata = { name: "intruder" };
  const writes = [
    core.createNamespace({ body: { metadata } }),
    core.createNamespacedSecret({ namespace, body: { metadata } }),
    core.createNamespacedConfigMap({ namespace, body: { metadata } }),
    core.createNamespacedPod({
      namespace,
      body: { metadata, spec: { containers: [{ name: "c", image: "i" }] } },
    }),
    core.deleteNamespacedSecret({ namespace, name: "cacerts" }),
    core.replaceNamespacedService({
      namespace,
      name: "istiod",
      body: { metadata: { name: "istiod" }, spec: { ports: [{ port: 1 }] } },
    }),
    core.deleteNamespace({ name: namespace }),
    config.makeApiClient(RbacAuthorizationV1Api).createClusterRole({ body: { metadata, rules: [] } }),
  ];
  expect(await Promise.all(writes.map(statusOf))).toEqual(writes.map(() => 403));
}

test("a second up changes nothing", async () => {
  expect(await up(three)).toEqual([]);
  expect(await up([...three].reverse())).toEqual([]);
});

test("a joining member brings its own resources and one key in each peer's Secret, updated in place", async () => {
  const watches = await Promise.all(names(three).map((reader) => watchPeers(reader)));

  const changes = await up(four);

  const outside = changes.filter(({ name }) => !name.includes("cluster4"));
  expect(outside.map(({ op, type }) => [op, type])).toEqual(
    three.map(() => ["update", "kubernetes:core/v1:Secret"]),
  );
  expect(outside.map(({ name }) => name).sort()).toEqual(
    names(three).map((name) => expect.stringMatching(`-${name}-peers`) as string),
  );
  expect(changes.filter(({ name }) => name.includes("cluster4")).every(({ op }) => op === "create")).toBe(
    true,
  );
  for (const [i, reader] of names(three).entries()) {
    const seen = await watches[i]!.until((keys) => keys.includes("cluster4"));
    expect(seen.map(({ event }) => event)).not.toContain("DELETED");
    for (const { keys } of seen)
      expect(keys).toEqual(expect.arrayContaining(names(three).filter((name) => name !== reader)));
  }
  await holdEachOther(four);
});

interface Seen {
  event: string;
  keys: string[];
}

/** Every state of a reader's PeerSecret from now on. */
async function watchPeers(
  reader: string,
): Promise<{ until(done: (keys: string[]) => boolean): Promise<Seen[]> }> {
  const seen: Seen[] = [];
  let changed = () => {};
  const controller = await new Watch(mesh.config(reader)).watch(
    `/api/v1/namespaces/${namespace}/secrets`,
    { fieldSelector: "metadata.name=weft-peers" },
    (event, secret: { data?: Record<string, string> }) => {
      seen.push({ event, keys: Object.keys(secret.data ?? {}).sort() });
      changed();
    },
    () => changed(),
  );
  return {
    until: (done) =>
      new Promise((resolve) => {
        changed = () => {
          if (!seen.some(({ keys }) => done(keys))) return;
          controller.abort();
          resolve(seen);
        };
        changed();
      }),
  };
}

test("renewing a member's token gives every reader the new one before the old one is revoked", async () => {
  const old = kubeConfigFrom((await peers("cluster2")).cluster1!);
  const watch = await watchPeers("cluster2");

  const changes = await up([{ name: "cluster1", remoteAccess: { generation: 2 } }, ...four.slice(1)]);

  const order = changes.map(({ op, type, name }) => `${op} ${type.split(":").pop()} ${name}`);
  const revoked = order.findIndex((line) => line.startsWith("delete"));
  expect(order.slice(0, revoked).filter((line) => line.startsWith("update Secret")).length).toBe(3);
  const renewed = kubeConfigFrom((await peers("cluster2")).cluster1!);
  expect(await statusOf(renewed.makeApiClient(CoreV1Api).listPodForAllNamespaces())).toBe(200);
  // The API server caches a token it has accepted for a moment: ask until it has forgotten.
  await eventually(
    async () => (await statusOf(old.makeApiClient(CoreV1Api).listPodForAllNamespaces())) === 401,
  );
  const seen = await watch.until((keys) => keys.length === 3);
  expect(seen.map(({ event }) => event)).not.toContain("DELETED");
  await holdEachOther(four);
});

const renewedFour = [{ name: "cluster1", remoteAccess: { generation: 2 } }, ...four.slice(1)];

test("what was changed by hand is repaired by refresh and up", async () => {
  const core = mesh.core("cluster2");
  const before = decoded(await mesh.secret("cluster2", "cacerts"));
  await patchSecret("cluster2", "cacerts", {
    "root-cert.pem": Buffer.from("overwritten").toString("base64"),
  });
  const labelled = await core.readNamespace({ name: namespace });
  const { ["topology.istio.io/network"]: network, ...others } = labelled.metadata!.labels!;
  await core.replaceNamespace({
    name: namespace,
    body: { ...labelled, metadata: { ...labelled.metadata, labels: others } },
  });
  const peerAuthentication = {
    group: "security.istio.io",
    version: "v1",
    namespace,
    plural: "peerauthentications",
    name: "default",
  };
  await mesh.custom("cluster2").deleteNamespacedCustomObject(peerAuthentication);

  const stack = await mesh.stack(renewedFour);
  await mesh.record((options) => stack.refresh(options));
  await up(renewedFour);

  expect(decoded(await mesh.secret("cluster2", "cacerts"))).toEqual(before);
  expect((await core.readNamespace({ name: namespace })).metadata?.labels).toMatchObject({
    "topology.istio.io/network": network,
  });
  expect(await mesh.custom("cluster2").getNamespacedCustomObject(peerAuthentication)).toMatchObject({
    spec: { mtls: { mode: "STRICT" } },
  });
  expect(await up(renewedFour)).toEqual([]);
  await holdEachOther(four);
});

/** As which a person's kubectl is known to the API server. */
const fieldManager = "kubectl-edit";

async function patchSecret(cluster: string, name: string, data: Record<string, string>): Promise<void> {
  const secret = await mesh.secret(cluster, name);
  await mesh.core(cluster).replaceNamespacedSecret({
    name,
    namespace,
    fieldManager,
    body: { ...secret, data: { ...secret.data, ...data } },
  });
}

test("a leaving member's key leaves its peers before its own objects go; Istio's CRDs stay", async () => {
  const remaining = renewedFour.slice(0, 3);

  const changes = await up(remaining);

  const order = changes.map(({ op, name }) => `${op} ${name}`);
  const updates = order.filter((line) => line.startsWith("update"));
  const firstDelete = order.findIndex((line) => line.startsWith("delete"));
  expect(updates.length).toBe(3);
  expect(order.slice(0, firstDelete)).toEqual(expect.arrayContaining(updates));
  expect(changes.filter(({ op }) => op === "delete").every(({ name }) => name.includes("cluster4"))).toBe(
    true,
  );
  for (const reader of names(three)) expect(Object.keys(await peers(reader))).not.toContain("cluster4");
  await holdEachOther(three);
  expect(await leftovers("cluster4")).toEqual([]);
  expect(await istioCrds("cluster4")).toContain("gateways.networking.istio.io");
});

/** Objects of the mesh that are still in a cluster, its CRDs apart. */
async function leftovers(cluster: string): Promise<string[]> {
  const rbac = mesh.config(cluster).makeApiClient(RbacAuthorizationV1Api);
  const namespaces = (await mesh.core(cluster).listNamespace()).items.map(({ metadata }) => metadata!.name!);
  const roles = [...(await rbac.listClusterRole()).items, ...(await rbac.listClusterRoleBinding()).items];
  return [
    ...namespaces.filter((name) => name === namespace),
    ...roles.map(({ metadata }) => metadata!.name!).filter((name) => /istio|weft/.test(name)),
  ];
}

async function istioCrds(cluster: string): Promise<string[]> {
  const list = (await mesh.custom(cluster).listClusterCustomObject({
    group: "apiextensions.k8s.io",
    version: "v1",
    plural: "customresourcedefinitions",
  })) as {
    items: { metadata: { name: string } }[];
  };
  return list.items.map(({ metadata }) => metadata.name).filter((name) => name.endsWith(".istio.io"));
}

test("no file of the state is written in place: killed at any moment, the engine leaves one that can be read", async () => {
  const files = await readdir(join(mesh.dir, "state"), { recursive: true });

  expect(files).toContain(".pulumi/stacks/weft/test.json");
  expect(files.filter((file) => file.endsWith(".attrs"))).toEqual([]);
});

test("an update whose engine was killed half-way is finished by the next one", async () => {
  const stack = await mesh.stack(renewedFour);
  await setUnschedulable("cluster4", true);
  const update = stack.up({ parallel: 64 }).then(() => "succeeded", String);
  await eventually(() => isBeingInstalled("cluster4", "istiod"));
  mesh.kill("pulumi up");
  expect(await update).not.toBe("succeeded");
  const { pending_operations: pending } = await deploymentOf(stack);
  expect(pending?.map(({ type, resource }) => `${type} ${resource.urn.split("::").pop()}`)).toContain(
    "creating mesh-cluster4-istiod",
  );
  await setUnschedulable("cluster4", false);

  await up(renewedFour);

  expect(await up(renewedFour)).toEqual([]);
  expect(Object.keys(await peers("cluster4")).sort()).toEqual(names(three));
  await holdEachOther(four);
  // As docs/reliability.md says it. Until then the engine warns of them.
  await stack.refresh({ clearPendingCreates: true });
  expect((await deploymentOf(stack)).pending_operations ?? []).toEqual([]);
  expect(await up(renewedFour)).toEqual([]);
});

/** With its nodes unschedulable a cluster's pods never become ready, and a release that waits for them is never done. */
async function setUnschedulable(cluster: string, unschedulable: boolean): Promise<void> {
  for (const { metadata } of (await mesh.core(cluster).listNode()).items) {
    const header = { apiVersion: "v1", kind: "Node", metadata: { name: metadata!.name! } };
    await mesh.objects(cluster).patch({ ...header, spec: { unschedulable } } as KubernetesObject);
  }
}

async function isBeingInstalled(cluster: string, release: string): Promise<boolean> {
  const records = await mesh.core(cluster).listNamespacedSecret({
    namespace,
    labelSelector: `owner=helm,name=${release},status=pending-install`,
  });
  return records.items.length > 0;
}

test("no private key, token or kubeconfig of the whole life is in outputs, logs, events or state", async () => {
  const stack = await mesh.stack(renewedFour);
  const secrets: string[] = [];
  for (const name of names(four)) {
    const { items } = await mesh.core(name).listNamespacedSecret({ namespace });
    for (const secret of items) {
      const values = decoded(secret);
      if (secret.type === "kubernetes.io/service-account-token") secrets.push(values.token!);
      if (secret.metadata?.name === "cacerts") secrets.push(values["ca-key.pem"]!);
      if (secret.metadata?.name === "weft-peers") {
        secrets.push(
          ...Object.values(values).flatMap((contents) => [
            contents,
            kubeConfigFrom(contents).getCurrentUser()!.token!,
          ]),
        );
      }
    }
    secrets.push(mesh.config(name).getCurrentUser()!.keyData!);
  }
  // Of each member: its CA's key, its token, the kubeconfig and the token of each of its three peers, its administrator's key.
  expect(secrets.length).toBe(4 * (1 + 1 + 2 * 3 + 1));

  const places = {
    state: await contentsBelow(join(mesh.dir, "state")),
    outputs: JSON.stringify(await stack.outputs()),
    "logs and events": mesh.transcript.join("\n"),
  };
  for (const [place, text] of Object.entries(places)) {
    expect({ place, leaked: leaked(secrets, text) }).toEqual({ place, leaked: 0 });
    expect(text).not.toMatch(/PRIVATE KEY/);
  }
});

test("the kubeconfigs that the kubernetes provider leaves in its temporary folder stay within the lab, and go with it", async () => {
  await up(renewedFour);

  expect(await readdir(temporaryOf(mesh.dir))).toContainEqual(expect.stringMatching(/^kubeconfig\d+$/));
});

test("destroy leaves nothing of the mesh in any cluster but Istio's CRDs", async () => {
  const stack = await mesh.stack(renewedFour);

  await mesh.record((options) => stack.destroy(options));

  for (const name of names(four)) expect(await leftovers(name)).toEqual([]);
  expect((await deploymentOf(stack)).resources ?? []).toEqual([]);
});

const deploymentOf = async (stack: TestStack) =>
  (await stack.exportStack()).deployment as {
    resources?: object[];
    pending_operations?: { type: string; resource: { urn: string } }[];
  };
