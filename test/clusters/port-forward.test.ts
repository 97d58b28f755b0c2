import { once } from "node:events";
import { text } from "node:stream/consumers";
import { ApiClient } from "../../clusters/api-client";
import { resolveKubeconfig } from "../../clusters/kubeconfig";
import { portForward } from "../../clusters/port-forward";
import { makeIdentity, startFakeApiServer, type FakeApiServer, type Identity } from "./fake-api-server";
import { forwardPorts } from "./fake-port-forward";

let identity: Identity;
let server: FakeApiServer;
let api: ApiClient;
/** What the request for a port-forward carries. */
let asked: NodeJS.Dict<string | string[]>;

beforeAll(async () => {
  identity = await makeIdentity();
});
beforeEach(async () => {
  server = await startFakeApiServer(identity, () => undefined);
  forwardPorts(server, (path, headers) => {
    asked = headers;
    return path.includes("/pods/web/portforward?ports=8080")
      ? ({ url }, response) => {
          if (url === "/slow") response.write("half");
          else response.end(`${url} `.repeat(5000));
        }
      : 404;
  });
  const user = { token: "s3cr3t-token", as: "somebody", "as-groups": ["readers"] };
  const kubeconfig = server.kubeconfig({ user });
  api = await ApiClient.of(await resolveKubeconfig({ path: "a", kubeconfig }), 30_000);
});
afterEach(async () => {
  api.close();
  await server.close();
});

const to = (pod: string) => portForward(api, { namespace: "shop", pod, port: 8080, timeoutMs: 30_000 });

test("what goes to a port of a pod, and comes back, until the pod ends it", async () => {
  const connection = await to("web");
  connection.write("GET /hello HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n");
  const answer = await text(connection);
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
  expect(answer.match(/\/hello /g)).toHaveLength(5000);
});

test("with the credentials of every other request", async () => {
  (await to("web")).destroy();
  expect(asked).toMatchObject({
    authorization: "Bearer s3cr3t-token",
    "impersonate-user": "somebody",
    "impersonate-group": "readers",
  });
});

test("it ends with the API server's time, and who waits for an answer learns it", async () => {
  const connection = await to("web");
  connection.write("GET /slow HTTP/1.1\r\nHost: web\r\n\r\n");
  await once(connection, "data");
  const failed = once(connection, "error");
  api.close();
  expect((await failed)[0]).toMatchObject({ name: "ApiServerError", kind: "timeout" });
  while ((await server.connections()) > 0) await new Promise(setImmediate);
});

test("a pod that is not there", async () => {
  await expect(to("gone")).rejects.toMatchObject({ kind: "status", code: "404" });
});

test("an API server that is not there, without what its error carries", async () => {
  await server.close();
  const error = await to("web").catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ kind: "unreachable", code: "ECONNREFUSED" });
  expect(JSON.stringify(error)).not.toContain("s3cr3t");
});
