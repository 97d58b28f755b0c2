import { peerSecrets } from "../../policies/peer-secrets";
import { base64, kubeconfig } from "./samples";
import { runOnResource, secret, unknown } from "./run";

const type = "kubernetes:core/v1:Secret";
const labels = { "istio/multiCluster": "true" };
const data = secret({ cluster2: base64(kubeconfig) });

test("a labelled PeerSecret in the Istio namespace passes, known or not", () => {
  const metadata = { name: "weft-peers", namespace: "istio-system", labels };
  expect(runOnResource(peerSecrets, { type, props: { metadata, data } })).toEqual([]);
  expect(runOnResource(peerSecrets, { type, props: { metadata, stringData: unknown } })).toEqual([]);
});

test("one elsewhere is refused", () => {
  const metadata = { name: "weft-peers", namespace: "sample", labels };
  expect(runOnResource(peerSecrets, { type, name: "cluster1-peers", props: { metadata, data } })).toEqual([
    expect.stringMatching(
      /^cluster1-peers metadata.namespace \("sample"\): istiod does not read .* Move it to istio-system\.$/,
    ),
  ]);
});

test("one without a namespace is in default, and refused", () => {
  const found = runOnResource(peerSecrets, { type, props: { metadata: { name: "weft-peers", labels } } });
  expect(found).toEqual([expect.stringContaining('metadata.namespace ("default")')]);
});

test.each([[{}], [{ "istio/multiCluster": "false" }]])(
  "one with labels %j is refused, known by its name or its content",
  (labels) => {
    const byName = { metadata: { name: "weft-peers-3", namespace: "istio-system", labels } };
    const byContent = { metadata: { name: "remote", namespace: "istio-system", labels }, data };
    for (const props of [byName, byContent]) {
      expect(runOnResource(peerSecrets, { type, props })).toEqual([
        expect.stringMatching(
          /metadata\.labels\["istio\/multiCluster"\].*Set istio\/multiCluster: "true"\.$/,
        ),
      ]);
    }
  },
);

test("other Secrets and other kinds pass", () => {
  const metadata = { name: "weft-peersonal", namespace: "sample" };
  expect(runOnResource(peerSecrets, { type, props: { metadata, data: { a: "b" } } })).toEqual([]);
  expect(
    runOnResource(peerSecrets, { type: "kubernetes:core/v1:ConfigMap", props: { metadata: { labels } } }),
  ).toEqual([]);
});
