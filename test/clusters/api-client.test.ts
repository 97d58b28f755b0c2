import dns from "node:dns";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ApiClient, ApiServerError } from "../../clusters/api-client";
import { resolveKubeconfig } from "../../clusters/kubeconfig";
import {
  type Answer,
  type FakeApiServer,
  makeIdentity,
  Refusal,
  startFakeApiServer,
} from "./fake-api-server";

let server: FakeApiServer;
let api: ApiClient;

/** @param answers one after the other. */
async function start(answers: Answer[], headers: Record<string, string>, timeoutMs = 60_000) {
  server = await startFakeApiServer(await makeIdentity(), () => answers.shift(), headers);
  const kubeconfig = await resolveKubeconfig({ path: "here", kubeconfig: server.kubeconfig() });
  api = await ApiClient.of(kubeconfig, timeoutMs);
}

afterEach(async () => {
  api.close();
  await server.close();
});

test("an API server that asks for patience is asked again", async () => {
  await start([429, { items: [{ metadata: { name: "a" } }] }], { "Retry-After": "1" });

  expect(await api.listMetadata("/list")).toEqual([{ metadata: { name: "a" } }]);
  expect(server.requests).toHaveLength(2);
});

test("one that says in its Status for how long it wants patience is asked again then", async () => {
  // As it answers while it sets up the storage of a kind whose CRD is new.
  const reason = "TooManyRequests";
  const status = { kind: "Status", code: 429, reason, details: { retryAfterSeconds: 3600 } };
  await start([new Refusal(429, status)], {});

  await expect(api.get("/object")).rejects.toEqual(new ApiServerError("status", "429"));
  expect(server.requests).toHaveLength(1);
  api.close();
  await server.close();
  await start([new Refusal(429, { ...status, details: { retryAfterSeconds: 1 } }), { metadata: {} }], {});

  expect(await api.get("/object")).toEqual({ metadata: {} });
});

test("a delete says which object is meant, and finds nothing wrong with one that is gone", async () => {
  await start([{}, 404, 409], {});

  await api.delete("/object", "its-uid");
  await api.delete("/object");
  await expect(api.delete("/object", "its-uid")).rejects.toEqual(new ApiServerError("status", "409"));
  const options = { apiVersion: "v1", kind: "DeleteOptions", propagationPolicy: "Background" };
  expect(server.requests.map(({ method, body }) => [method, body])).toEqual([
    ["DELETE", { ...options, preconditions: { uid: "its-uid" } }],
    ["DELETE", options],
    ["DELETE", { ...options, preconditions: { uid: "its-uid" } }],
  ]);
});

test("closed, it sends nothing more, and keeps no connection", async () => {
  await start(["silence", "silence", "silence", "silence"], {});
  const answers = Promise.allSettled(["/1", "/2", "/3", "/4", "/waits"].map((path) => api.get(path)));
  while (server.requests.length < 4) await new Promise(setImmediate);

  api.close();

  expect((await answers).every(({ status }) => status === "rejected")).toBe(true);
  while ((await server.connections()) > 0) await new Promise(setImmediate);
  expect(server.requests).toHaveLength(4);
});

test("one that asks for more than there is time for has refused", async () => {
  await start([429], { "Retry-After": "3600" });

  await expect(api.get("/object")).rejects.toEqual(new ApiServerError("status", "429"));
  expect(server.requests).toHaveLength(1);
});

test("one that stays silent is given up, also when what nobody holds was thrown away meanwhile", async () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  setFlagsFromString("--no-expose-gc");
  await start(["silence"], {}, 500);

  const refused = api.get("/object").catch((error: unknown) => error);
  await new Promise(setImmediate);
  collectGarbage();

  expect(await refused).toMatchObject({ kind: "timeout" });
});

test("one to which no connection comes about is given up before the time for its answers is over", async () => {
  await start([], {});
  api.close();
  const kubeconfig = server.kubeconfig().replace("127.0.0.1", "nowhere.example");
  // A name that is never found: the socket stays as it is when nobody answers it.
  const lookup = jest.spyOn(dns, "lookup").mockImplementation(() => undefined);
  jest.useFakeTimers({ doNotFake: ["nextTick", "setImmediate", "performance"] });
  try {
    api = await ApiClient.of(await resolveKubeconfig({ path: "here", kubeconfig }), 60_000);
    const refused = api.get("/object").catch((error: unknown) => error);
    while (lookup.mock.calls.length === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    jest.advanceTimersByTime(10_000);

    expect(await refused).toEqual(new ApiServerError("unreachable", "ETIMEDOUT"));
  } finally {
    jest.useRealTimers();
    lookup.mockRestore();
  }
});
