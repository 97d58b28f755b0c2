import https from "node:https";
import { ApiClient } from "../../clusters/api-client";
import { resolveKubeconfig } from "../../clusters/kubeconfig";
import { libraryConfig } from "../../clusters/library-config";
import { makeIdentity, startFakeApiServer } from "./fake-api-server";

test("what the library sends goes by the kubeconfig's credentials, and by its CA and name", async () => {
  const server = await startFakeApiServer(await makeIdentity(["east.internal"]), () => ({}));
  const kubeconfig = server.kubeconfig({
    cluster: { "tls-server-name": "east.internal" },
    user: { username: "me", password: "s3cr3t", as: "you", "as-groups": ["a", "b"] },
  });
  const api = await ApiClient.of(await resolveKubeconfig({ path: "here", kubeconfig }), 60_000);
  const config = await libraryConfig(api);

  const options: https.RequestOptions = { headers: { Accept: "text/plain" } };
  await config.applyToHTTPSOptions(options);
  await new Promise((resolve, reject) =>
    https
      .get(config.getCurrentCluster()!.server, options, (response) => response.resume().on("end", resolve))
      .on("error", reject),
  );
  api.close();
  await server.close();

  expect(server.requests[0]!.headers).toMatchObject({
    accept: "text/plain",
    authorization: `Basic ${Buffer.from("me:s3cr3t").toString("base64")}`,
    "impersonate-user": "you",
    "impersonate-group": "a, b",
  });
});
