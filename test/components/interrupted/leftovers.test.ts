/** What stands in a cluster where an object is to be created, asked of an API server in this process. */
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../../clusters/kubeconfig";
import { contentsOf, isForeign, readLeftovers } from "../../../components/interrupted/leftovers";
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
  kubeconfig = await resolveKubeconfig({ path: "here", kubeconfig: server.kubeconfig() });
});

afterAll(() => server.close());

const issuer = (annotations?: Record<string, string>) => ({
  apiVersion: "cert-manager.io/v1",
  kind: "Issuer",
  metadata: { name: "weft-root", namespace: "cert-manager", annotations },
});
const live = (labels?: object, annotations?: object) => ({
  items: [{ metadata: { name: "weft-root", namespace: "cert-manager", uid: "1", labels, annotations } }],
});
const wefts = { "app.kubernetes.io/managed-by": "weft" };
const stack = { "weft.dev/stack": "organization/weft/test" };

describe("an object that is there", () => {
  it.each([
    ["is somebody else's without Weft's label", live({ owner: "somebody" }), {}, true],
    ["is somebody else's without any label", live(), {}, true],
    ["is Weft's with it", live(wefts), {}, false],
    ["is this stack's with its annotation", live(wefts, stack), stack, false],
    ["is another stack's with another", live(wefts, { "weft.dev/stack": "other" }), stack, true],
    ["is nobody's where there is none", { items: [] }, {}, false],
    ["is nobody's where its kind is unknown", undefined, {}, false],
  ] as [string, Answer, Record<string, string>, boolean][])("%s", async (_, found, annotations, foreign) => {
    answer = () => found;

    expect(await isForeign(issuer(annotations), kubeconfig)).toBe(foreign);
  });

  it("is asked for by its name alone, in its namespace or in none", async () => {
    answer = () => ({ items: [] });
    const from = server.requests.length;

    await isForeign(issuer(), kubeconfig);
    await isForeign({ apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } }, kubeconfig);

    expect(server.requests.slice(from).map(({ path }) => decodeURIComponent(path))).toEqual([
      "/apis/cert-manager.io/v1/namespaces/cert-manager/issuers?fieldSelector=metadata.name=weft-root",
      "/api/v1/namespaces?fieldSelector=metadata.name=istio-system",
    ]);
  });
});

test("what Kubernetes and istiods put into every namespace is no use that somebody makes of it", async () => {
  const named = (...names: string[]) => ({ items: names.map((name) => ({ metadata: { name } })) });
  const everywhere = ["kube-root-ca.crt", "istio-ca-root-cert", "istio-ca-crl"];

  answer = (path) => (path.endsWith("/configmaps") ? named(...everywhere) : { items: [] });
  expect(await contentsOf("istio-ingress", kubeconfig)).toEqual([]);

  answer = (path) => (path.endsWith("/configmaps") ? named(...everywhere, "somebodys") : { items: [] });
  expect(await contentsOf("istio-ingress", kubeconfig)).toEqual(["configmaps"]);
});

describe("who may not look", () => {
  const refused = (names: string) =>
    `The user of context here may not list ${names}, so Weft does not see what is in the way there. Grant it (docs/rights.yaml), then \`pulumi up\` again.`;

  it("is told so, and not that nothing is there", async () => {
    answer = () => 403;

    await expect(isForeign(issuer(), kubeconfig)).rejects.toThrow(refused("issuers"));
    const leftovers = await readLeftovers(kubeconfig);
    expect(() => leftovers.find(issuer())).toThrow(refused("issuers"));
    expect(() => leftovers.history({ name: "istiod", namespace: "istio-system" })).toThrow(
      refused("secrets"),
    );
    await expect(contentsOf("istio-system", kubeconfig)).rejects.toThrow("403");
  });

  it("is not told of kinds that nothing is to be created of", async () => {
    answer = (path) => (path.includes("cert-manager.io") ? 403 : { items: [] });

    const leftovers = await readLeftovers(kubeconfig);
    const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "istio-system" } };
    expect(leftovers.find(namespace)).toBeUndefined();
    expect(leftovers.history({ name: "istiod", namespace: "istio-system" })).toEqual([]);
  });
});

test("an API server that gives no answer is named, with what to do", async () => {
  answer = () => 500;
  const words =
    "The API server of context here does not say what is there already (status: 500). Once it answers, `pulumi up` again.";

  await expect(isForeign(issuer(), kubeconfig)).rejects.toThrow(words);
  await expect(readLeftovers(kubeconfig)).rejects.toThrow(words);
  await expect(contentsOf("istio-system", kubeconfig)).rejects.toThrow(words);
});
