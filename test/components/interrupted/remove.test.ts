import { resolveKubeconfig } from "../../../clusters/kubeconfig";
import { removeObject, removeRevisions } from "../../../components/interrupted/remove";
import { type Answer, makeIdentity, startFakeApiServer } from "../../clusters/fake-api-server";

const revision = (secret: string) => ({
  secret,
  namespace: "istio-system",
  release: "istiod",
  version: 1,
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
  await expect(remove(403)).rejects.toThrow(
    "here = here\n  The user of context here may not delete a record of Helm's that an interrupted update left behind.\n" +
      "  Grant it (docs/rights.yaml), then `pulumi up` again.",
  );
});

describe("an object", () => {
  const path = "/apis/networking.istio.io/v1/namespaces/istio-system/gateways/weft";
  const inputs = {
    apiVersion: "networking.istio.io/v1",
    kind: "Gateway",
    metadata: { name: "weft", namespace: "istio-system" },
  };

  /** @param reads what is there, one read after the other. */
  async function removed(
    live: { uid: string; deletionTimestamp?: string },
    reads: Answer[],
    refusal?: number,
  ) {
    const server = await startFakeApiServer(await makeIdentity(), ({ method }) =>
      method === "DELETE" ? (refusal ?? {}) : reads.shift(),
    );
    try {
      const kubeconfig = await resolveKubeconfig({ path: "here", kubeconfig: server.kubeconfig() });
      await removeObject(inputs, { name: "weft", namespace: "istio-system", ...live }, kubeconfig);
      return server.requests.map(({ method, path, body }) => ({ method, path, body }));
    } finally {
      await server.close();
    }
  }
  const there = (uid: string) => ({ metadata: { name: "weft", uid } });
  const read = { method: "GET", path };

  test("is deleted, that of this UID alone, and waited for until it is gone", async () => {
    expect(await removed({ uid: "one" }, [there("one"), undefined])).toEqual([
      {
        method: "DELETE",
        path,
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          propagationPolicy: "Background",
          preconditions: { uid: "one" },
        },
      },
      read,
      read,
    ]);
  });

  test("is not waited for once another has taken its place", async () => {
    expect(await removed({ uid: "one" }, [there("two")])).toHaveLength(2);
  });

  test("that is being deleted already is waited for", async () => {
    const live = { uid: "one", deletionTimestamp: "2026-01-01T00:00:00Z" };
    expect(await removed(live, [there("one"), undefined])).toEqual([read, read]);
  });

  test("that may not be deleted is named", async () => {
    await expect(removed({ uid: "one" }, [], 403)).rejects.toThrow(
      "The user of context here may not delete Gateway weft, which an interrupted update left behind.\n  Grant it",
    );
  });
});
