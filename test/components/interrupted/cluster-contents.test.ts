/** What stands in a cluster where an object is to be created, asked of an API server in this process. */
import { gzipSync } from "node:zlib";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../../clusters/kubeconfig";
import { ClusterContents, isOurs } from "../../../components/interrupted/cluster-contents";
import {
  type Answer,
  type FakeApiServer,
  makeIdentity,
  startFakeApiServer,
} from "../../clusters/fake-api-server";

let server: FakeApiServer;
let kubeconfig: ResolvedKubeconfig;
let answer: (path: string) => Answer;

beforeAll(async () => {
  server = await startFakeApiServer(await makeIdentity(), ({ path }) => answer(decodeURIComponent(path)));
  kubeconfig = await resolveKubeconfig({ path: "weft:clusters[0]", kubeconfig: server.kubeconfig() });
});

afterAll(() => server.close());

const issuer = (annotations?: Record<string, string>) => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name: "weft-root", namespace: "cert-manager", annotations },
});
const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
const listed = (...items: object[]) => ({ items: items.map((metadata) => ({ metadata })) });
const named = (...names: string[]) => listed(...names.map((name) => ({ name })));

describe("an object that is there", () => {
  const wefts = { "app.kubernetes.io/managed-by": "weft" };
  const stack = { "weft.dev/stack": "organization/weft/test" };

  it.each([
    ["is somebody else's without Weft's label", { labels: { owner: "somebody" } }, {}, false],
    ["is somebody else's without any label", {}, {}, false],
    ["is Weft's with it", { labels: wefts }, {}, true],
    ["is this stack's with its annotation", { labels: wefts, annotations: stack }, stack, true],
    [
      "is another stack's with another",
      { labels: wefts, annotations: { "weft.dev/stack": "other" } },
      stack,
      false,
    ],
  ] as [string, object, Record<string, string>, boolean][])("%s", (_, live, annotations, ours) => {
    expect(isOurs({ name: "weft-root", ...live }, issuer(annotations))).toBe(ours);
  });

  it("is found by its name, with or without Weft's label, in its namespace or in none", async () => {
    answer = (path) => (path.endsWith("/issuers") ? named("other", "weft-root") : named("istio-system"));
    const contents = new ClusterContents(kubeconfig);

    expect(await contents.find(issuer())).toEqual({ name: "weft-root" });
    expect(await contents.find(namespace)).toEqual({ name: "istio-system" });
  });

  it("is not found where there is none, and where its kind is unknown", async () => {
    answer = (path) => (path.endsWith("/issuers") ? undefined : named("default"));
    const contents = new ClusterContents(kubeconfig);

    expect(await contents.find(issuer())).toBeUndefined();
    expect(await contents.find(namespace)).toBeUndefined();
  });
});

test("a release is known by all its revisions, and by who wrote them", async () => {
  const record = (name: string, release: string, status: string, manager?: string) => ({
    name,
    labels: { owner: "helm", name: release, status, version: /\d/.exec(name)![0] },
    ...(manager && { managedFields: [{ manager }, { manager: "kubectl" }] }),
  });
  answer = () =>
    listed(
      record("v1", "istiod", "superseded", "pulumi-kubernetes"),
      record("v2", "istiod", "deployed"),
      record("v1-base", "istio-base", "deployed", "Helm"),
      { name: "cacerts", labels: { name: "istiod" } },
    );

  expect(
    await new ClusterContents(kubeconfig).history({ name: "istiod", namespace: "istio-system" }),
  ).toEqual([
    {
      secret: "v1",
      namespace: "istio-system",
      release: "istiod",
      version: 1,
      status: "superseded",
      installer: "pulumi-kubernetes",
    },
    {
      secret: "v2",
      namespace: "istio-system",
      release: "istiod",
      version: 2,
      status: "deployed",
      installer: undefined,
    },
  ]);
});

test("what became of a revision is what Helm has written down of it", async () => {
  const encoded = (text: string | Buffer) => Buffer.from(text).toString("base64");
  const description = 'Upgrade "istiod" failed: context canceled';
  const record = encoded(encoded(gzipSync(JSON.stringify({ info: { description } }))));
  answer = () => ({ data: { release: record } });
  const revision = {
    secret: "v1",
    namespace: "istio-system",
    release: "istiod",
    version: 1,
    status: "failed",
  };
  expect(await new ClusterContents(kubeconfig).descriptionOf(revision)).toBe(description);

  answer = () => 404;
  expect(await new ClusterContents(kubeconfig).descriptionOf(revision)).toBe("");
});

test("a kind is listed once in each namespace, whatever is asked of it", async () => {
  answer = () => named("cacerts");
  const contents = new ClusterContents(kubeconfig);
  const from = server.requests.length;
  const secret = (name: string, of: string) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace: of },
  });

  await Promise.all([
    contents.find(secret("cacerts", "istio-system")),
    contents.find(secret("weft-peers", "istio-system")),
    contents.history({ name: "istiod", namespace: "istio-system" }),
    contents.find(secret("other", "elsewhere")),
  ]);
  await contents.history({ name: "istio-base", namespace: "istio-system" });

  expect(
    server.requests
      .slice(from)
      .map(({ path }) => path)
      .sort(),
  ).toEqual(["/api/v1/namespaces/elsewhere/secrets", "/api/v1/namespaces/istio-system/secrets"]);
});

test("what Kubernetes and istiods put into every namespace is no use that somebody makes of it", async () => {
  const everywhere = ["kube-root-ca.crt", "istio-ca-root-cert", "istio-ca-crl"];

  answer = (path) => (path.endsWith("/configmaps") ? named(...everywhere) : named());
  expect(await new ClusterContents(kubeconfig).useOf("istio-ingress")).toEqual([]);

  answer = (path) => (path.endsWith("/configmaps") ? named(...everywhere, "somebodys") : named());
  expect(await new ClusterContents(kubeconfig).useOf("istio-ingress")).toEqual(["configmaps"]);
});

describe("who may not look", () => {
  const refused = (names: string) =>
    `weft:clusters[0] = here\n  The user of context here may not list ${names}, so Weft does not see what is in the way there.\n` +
    "  Grant it (docs/rights.yaml), then `pulumi up` again.";

  it("is told so, and not that nothing is there", async () => {
    answer = () => 403;
    const contents = new ClusterContents(kubeconfig);

    await expect(contents.find(issuer())).rejects.toThrow(refused("issuers"));
    await expect(contents.history({ name: "istiod", namespace: "istio-system" })).rejects.toThrow(
      refused("secrets"),
    );
  });

  it("is told which of the things in a namespace he may not list", async () => {
    answer = (path) => (path.endsWith("/daemonsets") ? 403 : named());

    await expect(new ClusterContents(kubeconfig).useOf("istio-system")).rejects.toThrow(
      refused("daemonsets"),
    );
  });

  it("is not told of kinds that nothing is to be created of", async () => {
    answer = (path) => (path.includes("cert-manager.io") ? 403 : named());
    const contents = new ClusterContents(kubeconfig);

    expect(await contents.find(namespace)).toBeUndefined();
    expect(await contents.history({ name: "istiod", namespace: "istio-system" })).toEqual([]);
  });
});

test("an API server that gives no answer is named, with what to do", async () => {
  answer = () => 500;
  const words = (names: string) =>
    `weft:clusters[0] = here\n  The API server of context here does not list ${names} (status: 500).\n  Once it answers, \`pulumi up\` again.`;
  const contents = new ClusterContents(kubeconfig);

  await expect(contents.find(issuer())).rejects.toThrow(words("issuers"));
  await expect(contents.useOf("istio-system")).rejects.toThrow(words("pods"));
});
