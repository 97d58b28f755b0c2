/** Tokens that end: which of those that readers hold are kept, and how another is asked for. */
import { heldOf, heldOfSilent, unknownCaProblems } from "../../clusters/held-tokens";
import type { Inspection } from "../../clusters/inspect";
import { resolveKubeconfig, type ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { requestToken } from "../../clusters/reader-tokens";
import { parseMesh } from "../../mesh/parse";
import { now } from "../mesh/authorities";
import { cluster } from "../mesh/problems-of";
import { tokenOf } from "../mesh/tokens";
import {
  makeIdentity,
  startFakeApiServer,
  type Answer,
  type FakeApiServer,
  type Identity,
  type Request,
} from "./fake-api-server";

const hour = 3600;
const seconds = now.getTime() / 1000;
const timeoutMs = 30_000;

let identity: Identity;
const servers: FakeApiServer[] = [];
beforeAll(async () => {
  identity = await makeIdentity();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function start(answer: (request: Request) => Answer) {
  const server = await startFakeApiServer(identity, answer);
  servers.push(server);
  return { server, kubeconfig: await resolveKubeconfig({ path: "it", kubeconfig: server.kubeconfig() }) };
}

describe("of the tokens that readers hold", () => {
  const mesh = parseMesh(
    {
      mesh: { remoteAccess: { tokenLifetimeHours: 3 } },
      clusters: ["a", "b", "c"].map((name) => cluster(name)),
    },
    now,
  );
  const member = mesh.members.find(({ name }) => name === "b")!;
  const caData = Buffer.from("PEM").toString("base64");
  const inspection = (name: string, more: Partial<Inspection> = {}): [string, Inspection] => [
    name,
    { live: { name, tokenGenerations: [] }, kubernetesVersion: "1.34.2", denied: [], ...more },
  ];
  const holding = (name: string, token: string) =>
    inspection(name, { peerKeys: { b: { token, caData: "of-the-key" }, [name]: { token: "own" } } });
  const bound = (uid = "uid-1") =>
    inspection("b", {
      clusterCa: "PEM",
      live: { name: "b", tokenGenerations: [], bindings: { 1: uid } },
    });
  const issuedAgo = (ago: number) => tokenOf({ issued: seconds - ago, life: 3 * hour, boundTo: "uid-1" });
  const reviewing =
    (judge: (token: string) => boolean) =>
    ({ path, body }: Request): Answer =>
      path.endsWith("/tokenreviews")
        ? { status: { authenticated: judge((body as { spec: { token: string } }).spec.token) } }
        : undefined;
  const held = (kubeconfig: ResolvedKubeconfig, ...inspections: [string, Inspection][]) =>
    heldOf(mesh, member, kubeconfig, new Map(inspections), { now, timeoutMs });

  test("the newest is kept that the cluster still accepts", async () => {
    const [older, newer] = [issuedAgo(60), issuedAgo(0)];
    const good = await start(reviewing(() => true));
    const both = [bound(), holding("a", older), holding("c", newer)];
    expect(await held(good.kubeconfig, ...both)).toMatchObject({ token: { token: newer }, caData });
    const choosy = await start(reviewing((token) => token === older));
    expect(await held(choosy.kubeconfig, ...both)).toMatchObject({ token: { token: older }, caData });
  });

  test("none is kept that is due, that is bound to another Secret, or that the cluster does not accept", async () => {
    const { server, kubeconfig } = await start(reviewing(() => true));
    expect(await held(kubeconfig, bound(), holding("a", issuedAgo(hour)))).toEqual({ caData });
    expect(await held(kubeconfig, bound("uid-2"), holding("a", issuedAgo(0)))).toEqual({ caData });
    expect(await held(kubeconfig, bound(), holding("a", "a-token-that-stays"))).toEqual({ caData });
    expect(server.requests).toEqual([]);
    const none = await start(reviewing(() => false));
    expect(await held(none.kubeconfig, bound(), holding("a", issuedAgo(0)))).toEqual({ caData });
  });

  test("one is kept by what it says, where the user may not ask whether it is accepted", async () => {
    const { kubeconfig } = await start(() => 403);
    const token = issuedAgo(0);
    expect(await held(kubeconfig, bound(), holding("a", token))).toMatchObject({ token: { token } });
  });

  test("the newest is kept of a member that does not answer, for nobody gives another", () => {
    const [older, newer] = [issuedAgo(30 * hour), issuedAgo(20 * hour)];
    const found = heldOfSilent(mesh, member, new Map([holding("a", newer), holding("c", older)]));
    expect(found).toMatchObject({ token: { token: newer }, caData: "of-the-key" });
  });

  test("nothing is known where they do not end", async () => {
    const stays = parseMesh({ clusters: [cluster("a"), cluster("b")] }, now);
    const { kubeconfig } = await start(() => 500);
    const found = new Map([bound(), holding("a", issuedAgo(0))]);
    expect(await heldOf(stays, stays.members[1]!, kubeconfig, found, { now, timeoutMs })).toBeUndefined();
    expect(heldOfSilent(stays, stays.members[1]!, found)).toBeUndefined();
  });

  test("a member is refused whose CA nobody knows", async () => {
    const { kubeconfig } = await start(() => 500);
    const kubeconfigs = new Map(mesh.members.map(({ name }) => [name, kubeconfig]));
    const all = new Map([inspection("a", { clusterCa: "PEM" }), inspection("b")]);
    expect(unknownCaProblems(mesh, kubeconfigs, all)).toMatchObject([
      {
        path: "weft:clusters[1].apiServer.caData",
        message: expect.stringContaining("kube-root-ca.crt") as string,
      },
    ]);
  });
});

describe("a token is asked for", () => {
  const request = {
    cluster: "b",
    lifetimeHours: 72,
    boundTo: { name: "weft-reader-binding-1", uid: "uid-1" },
  };
  const giving = (life: number) => {
    const token = tokenOf({ issued: seconds, life, boundTo: "uid-1" });
    return { token, answer: () => ({ status: { token, expirationTimestamp: "" } }) };
  };

  test("for so many hours, bound to its Secret", async () => {
    const { token, answer } = giving(72 * hour);
    const { server, kubeconfig } = await start(answer);
    const warn = jest.fn();
    expect(await requestToken(kubeconfig, request, warn)).toBe(token);
    expect(warn).not.toHaveBeenCalled();
    expect(server.requests.map(({ method, path, body }) => ({ method, path, body }))).toEqual([
      {
        method: "POST",
        path: "/api/v1/namespaces/istio-system/serviceaccounts/istio-reader-service-account/token",
        body: {
          apiVersion: "authentication.k8s.io/v1",
          kind: "TokenRequest",
          spec: {
            audiences: [],
            expirationSeconds: 72 * hour,
            boundObjectRef: { apiVersion: "v1", kind: "Secret", name: "weft-reader-binding-1", uid: "uid-1" },
          },
        },
      },
    ]);
  });

  test("and whoever gets one that lives for less is told how often to renew it", async () => {
    const { kubeconfig } = await start(giving(24 * hour).answer);
    const warn = jest.fn();
    await requestToken(kubeconfig, request, warn);
    expect(warn.mock.calls).toEqual([
      [
        "b: its API server lets a token live for 24 hours, and tokenLifetimeHours asks for 72. Say so in remoteAccess.tokenLifetimeHours of b, and run `pulumi up` every 8 hours or more often.",
      ],
    ]);
  });

  test.each([
    [403, "Grant `create` on `serviceaccounts/token` (docs/rights.yaml)"],
    [404, "weft-reader-binding-1 is gone from istio-system: `pulumi up --refresh`."],
    [500, "Once it does, `pulumi up` again."],
  ])("and who gets none, by %i, is told what to do", async (status, remedy) => {
    const { kubeconfig } = await start(() => status);
    await expect(requestToken(kubeconfig, request, () => {})).rejects.toThrow(remedy);
    await expect(requestToken(kubeconfig, request, () => {})).rejects.toThrow(
      "The API server gives no token for the readers of b",
    );
  });
});
