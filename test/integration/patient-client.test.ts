/** That the tests' clients wait as long as an API server asks them to. */
import { CoreV1Api } from "@kubernetes/client-node";
import {
  type Answer,
  type FakeApiServer,
  makeIdentity,
  startFakeApiServer,
} from "../clusters/fake-api-server";
import { kubeConfigFrom, statusOf } from "./harness";

const answers: Answer[] = [];
let server: FakeApiServer;

beforeAll(async () => {
  server = await startFakeApiServer(await makeIdentity(), () => answers.shift(), { "Retry-After": "1" });
});
afterAll(() => server.close());

test("what is refused for now is sent again, whole; any other refusal is told", async () => {
  const core = kubeConfigFrom(server.kubeconfig()).makeApiClient(CoreV1Api);
  const body = { metadata: { name: "it" } };

  answers.push(429, 429, body);
  expect((await core.createNamespace({ body })).metadata!.name).toBe("it");
  answers.push(429, 403, 403);
  expect(await statusOf(core.createNamespace({ body }))).toBe(403);

  expect(server.requests.map(({ body }) => body)).toEqual(Array(5).fill(body));
});
