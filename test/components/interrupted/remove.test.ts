import { resolveKubeconfig } from "../../../clusters/kubeconfig";
import { removeRevisions } from "../../../components/interrupted/remove";
import { makeIdentity, startFakeApiServer } from "../../clusters/fake-api-server";

const revision = (secret: string) => ({
  secret,
  namespace: "istio-system",
  release: "istiod",
  status: "pending-install",
});

/** Takes two records away; the first is answered with this status. */
async function remove(status: number) {
  const server = await startFakeApiServer(await makeIdentity(), ({ path }) =>
    path.endsWith("/v1") ? status : {},
  );
  try {
    const kubeconfig = await resolveKubeconfig({ path: "here", kubeconfig: server.kubeconfig() });
    await removeRevisions([revision("v1"), revision("v2")], kubeconfig);
    return server.requests.map(({ method, path }) => `${method} ${path}`);
  } finally {
    await server.close();
  }
}

const secrets = "/api/v1/namespaces/istio-system/secrets";

test("a record of Helm's that somebody has taken away meanwhile is in nobody's way", async () => {
  expect(await remove(404)).toEqual([`DELETE ${secrets}/v1`, `DELETE ${secrets}/v2`]);
});

test("one that may not be taken away is", async () => {
  await expect(remove(403)).rejects.toMatchObject({ code: 403 });
});
