/**
 * An upgrade by revision, on real control planes, through the real engine: a second istiod comes, a tag moves for a canary and then for
 * all, the old istiod goes. A lab has one version of Istio, so both are of it. Each test starts where the one before it ended.
 */
import { setTimeout as pause } from "node:timers/promises";
import { AdmissionregistrationV1Api, AppsV1Api, type V1PodTemplateSpec } from "@kubernetes/client-node";
import { eventually } from "./eventually";
import { type Change, namespace, TestMesh } from "./harness";
import { everybody, everyReaderHoldsItsPeers, watched } from "./holdings";

jest.setTimeout(1_800_000);

const members = ["a", "b"];
const reads = everybody(members);
const moved = { istio: { tags: { default: "second" } } };
const shop = "shop";
const template: V1PodTemplateSpec = {
  metadata: { labels: { app: "cart" } },
  spec: { containers: [{ name: "cart", image: "registry.example/cart:1" }] },
};

let mesh: TestMesh;
let version: string;
beforeAll(async () => {
  mesh = await TestMesh.start(members);
  ({ version } = mesh.parts.istio);
});
afterAll(() => mesh?.stop());

type Own = Record<string, object>;

async function stackOf(istio: object, own: Own = {}) {
  return mesh.stack(
    members.map((name) => ({ name, ...own[name] })),
    { istio: { version: undefined, ...istio } },
  );
}

async function up(istio: object, own?: Own): Promise<Change[]> {
  const stack = await stackOf(istio, own);
  return mesh.record((options) => stack.up(options));
}

const both = () => ({ revisions: { default: version, second: version } });
const inWords = (changes: Change[]) => changes.map(({ op, name }) => `${op} ${name}`).sort();

/** A workload in a namespace that says no more than that it is to be injected. */
async function createShop(member: string): Promise<void> {
  const labels = { "istio-injection": "enabled" };
  await mesh.core(member).createNamespace({ body: { metadata: { name: shop, labels } } });
  const selector = { matchLabels: template.metadata!.labels! };
  await mesh
    .config(member)
    .makeApiClient(AppsV1Api)
    .createNamespacedDeployment({
      namespace: shop,
      body: { metadata: { name: "cart" }, spec: { replicas: 1, selector, template } },
    });
}

interface Status {
  revision: string;
}

const injectedBy = (annotations: Record<string, string> = {}) => {
  const status = annotations["sidecar.istio.io/status"];
  return status === undefined ? "nobody" : (JSON.parse(status) as Status).revision;
};

/** Which istiods have injected the pods of a Deployment, once there are as many as it wants. */
const injectorsOf = (member: string, where: string, selector: string, wanted: string) =>
  eventually(async () => {
    const { items } = await mesh
      .core(member)
      .listNamespacedPod({ namespace: where, labelSelector: selector });
    const found = items.map(({ metadata }) => injectedBy(metadata!.annotations));
    return found.length === 1 && found[0] === wanted;
  });
const injectShop = (member: string, wanted: string) => injectorsOf(member, shop, "app=cart", wanted);
const injectGateway = (member: string, wanted: string) =>
  injectorsOf(member, namespace, "istio=eastwestgateway", wanted);

async function restartShop(member: string): Promise<void> {
  await mesh.core(member).deleteCollectionNamespacedPod({ namespace: shop, labelSelector: "app=cart" });
}

/** What would become of a pod that somebody creates now, in words where it is not injected. */
async function tried(member: string): Promise<{ revision?: string; loss?: string }> {
  try {
    const { metadata } = await mesh.core(member).createNamespacedPod({
      namespace: shop,
      dryRun: "All",
      body: { ...template, metadata: { ...template.metadata, generateName: "tried-" } },
    });
    const revision = injectedBy(metadata!.annotations);
    return revision === "nobody" ? { loss: `${member} starts a pod without a proxy` } : { revision };
  } catch (error) {
    return { loss: `${member} refuses a pod: ${(error as Error).message.slice(0, 2000)}` };
  }
}

/** The webhooks of tags and istiods that lead to a revision without an istiod that is ready. */
async function unready(member: string): Promise<string[]> {
  const config = mesh.config(member);
  const hooks = await config
    .makeApiClient(AdmissionregistrationV1Api)
    .listMutatingWebhookConfiguration({ labelSelector: "app=sidecar-injector" });
  const deployments = await config
    .makeApiClient(AppsV1Api)
    .listNamespacedDeployment({ namespace, labelSelector: "app=istiod" });
  const ready = new Set(
    deployments.items
      .filter(({ status }) => (status?.readyReplicas ?? 0) > 0)
      .map(({ metadata }) => metadata!.labels!["istio.io/rev"]),
  );
  return hooks.items.flatMap(({ metadata }) => {
    const { labels = {}, name } = metadata!;
    if (labels["istio.io/tag"] === undefined || ready.has(labels["istio.io/rev"])) return [];
    return [`${member}: ${name} leads to ${labels["istio.io/rev"]}, which is not ready`];
  });
}

/** Does something under a watch: what each istiod holds of the peers, where tags lead, and whether pods get their proxies. */
async function under(work: () => Promise<void>) {
  const losses: string[] = [];
  const refusals: string[] = [];
  const revisions = new Map(members.map((member) => [member, [] as string[]]));
  let samples = 0;
  let isDone = false;
  const looking = (async () => {
    while (!isDone) {
      for (const member of members) {
        const { revision, loss } = await tried(member);
        if (revision !== undefined && revisions.get(member)!.at(-1) !== revision) {
          revisions.get(member)!.push(revision);
        }
        if (loss !== undefined) (loss.includes("refuses") ? refusals : losses).push(loss);
        losses.push(...(await unready(member)));
      }
      samples += 1;
      await pause(50);
    }
  })();
  const watch = await watched(mesh, reads, work).finally(() => (isDone = true));
  await looking;
  expect(samples).toBeGreaterThan(2);
  expect(watch.samples).toBeGreaterThan(2);
  mesh.transcript.push(`${samples} pods tried in each member, ${watch.samples} looks at what istiods hold`);
  return { losses: [...losses, ...watch.losses], refusals, revisions: Object.fromEntries(revisions) };
}

test("a second istiod comes beside the first, and whoever is injected by the first still is", async () => {
  await up({ version });
  await everyReaderHoldsItsPeers(mesh, reads);
  await Promise.all(members.map(createShop));
  for (const member of members) await injectShop(member, "default");

  let changes: Change[] = [];
  const { losses, refusals, revisions } = await under(async () => {
    changes = await up(both());
  });

  expect(inWords(changes)).toEqual(
    members
      .flatMap((name) => [
        `create mesh-${name}-istiod-second`,
        `create mesh-${name}-tag-default`,
        `update mesh-${name}-istiod`,
      ])
      .sort(),
  );
  expect(losses).toEqual([]);
  // Until istiod has written its CA into the tag's webhooks, the API server refuses what they are for.
  expect(refusals.filter((refusal) => !/certificate|x509/.test(refusal))).toEqual([]);
  expect(revisions).toEqual({ a: ["default"], b: ["default"] });
  await everyReaderHoldsItsPeers(mesh, reads);
  expect(await up(both())).toEqual([]);
});

test("the tag moves for a canary: it and its gateway follow, without a gap, and nobody else", async () => {
  let changes: Change[] = [];
  const watch = await under(async () => {
    changes = await up(both(), { a: moved });
    await restartShop("a");
    await injectShop("a", "second");
  });
  expect(inWords(changes)).toEqual([
    "update mesh-a-base",
    "update mesh-a-eastwest-release",
    "update mesh-a-tag-default",
  ]);
  expect(watch).toEqual({
    losses: [],
    refusals: [],
    revisions: { a: ["default", "second"], b: ["default"] },
  });
  await injectGateway("a", "second");
  await injectGateway("b", "default");
  await injectShop("b", "default");
  expect(await up(both(), { a: moved })).toEqual([]);
});

test("it moves for all, and then the old istiod is not dropped while something uses it", async () => {
  const watch = await under(async () => {
    await up({ ...both(), tags: { default: "second" } });
  });
  expect(watch).toEqual({ losses: [], refusals: [], revisions: { a: ["second"], b: ["default", "second"] } });
  await injectGateway("b", "second");

  const preview = stackOf({ revisions: { second: version } }).then((stack) => stack.preview());
  await expect(preview).rejects.toThrow(/In b, revision default is used by 1 pod of shop\/cart\./);
  await expect(preview).rejects.not.toThrow(/In a, revision default/);
});

test("it is dropped once nothing uses it", async () => {
  let changes: Change[] = [];
  const watch = await under(async () => {
    await restartShop("b");
    await injectShop("b", "second");
    changes = await up({ revisions: { second: version } });
  });
  expect(inWords(changes)).toEqual(["delete mesh-a-istiod", "delete mesh-b-istiod"]);
  // Its own Service goes with it.
  const losses = watch.losses.filter((loss) => !loss.includes(` of istiod.${namespace} `));
  expect({ ...watch, losses }).toEqual({
    losses: [],
    refusals: [],
    revisions: { a: ["second"], b: ["second"] },
  });
  await everyReaderHoldsItsPeers(mesh, reads);
  expect(await up({ revisions: { second: version } })).toEqual([]);
});
