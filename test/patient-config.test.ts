import { CustomObjectsApi, KubernetesObjectApi } from "@kubernetes/client-node";
import { makeIdentity, Refusal, startFakeApiServer } from "./clusters/fake-api-server";
import { PatientConfig } from "./patient-config";

test("a client asks again where the API server sets up the storage of a kind whose CRD is new", async () => {
  const refusal = new Refusal(429, { kind: "Status", code: 429, details: { retryAfterSeconds: 1 } });
  const answers = [refusal, { metadata: { name: "a" } }, 404];
  const server = await startFakeApiServer(await makeIdentity(), () => answers.shift());
  const config = new PatientConfig();
  config.loadFromString(server.kubeconfig());
  const kind = { group: "example.com", version: "v1", plural: "things", name: "a" };
  const things = config.makeApiClient(CustomObjectsApi);

  expect(await things.getClusterCustomObject(kind)).toEqual({ metadata: { name: "a" } });
  await expect(things.getClusterCustomObject(kind)).rejects.toMatchObject({ code: 404 });
  expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
    Array(3).fill("Bearer s3cr3t-token"),
  );
  expect(KubernetesObjectApi.makeApiClient(config)).toBeInstanceOf(KubernetesObjectApi);
  await server.close();
});
