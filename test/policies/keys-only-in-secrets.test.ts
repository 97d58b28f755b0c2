import { keysOnlyInSecrets } from "../../policies/keys-only-in-secrets";
import { base64, kubeconfig, privateKey } from "./samples";
import { runOnResource, secret, unknown } from "./run";

const secretType = "kubernetes:core/v1:Secret";

test("keys and kubeconfigs in the data of a Secret pass", () => {
  const props = { data: { "ca-key.pem": base64(privateKey) }, stringData: secret({ cluster2: kubeconfig }) };
  expect(runOnResource(keysOnlyInSecrets, { type: secretType, props })).toEqual([]);
});

test("a key in a ConfigMap is refused, and the message does not repeat it", () => {
  const found = runOnResource(keysOnlyInSecrets, {
    type: "kubernetes:core/v1:ConfigMap",
    name: "ca",
    props: { data: { "ca-key.pem": privateKey } },
  });
  expect(found).toEqual([
    expect.stringMatching(/^ca data\["ca-key.pem"\]: a private key stands here, .*Put it into/),
  ]);
  expect(found[0]).not.toContain(privateKey.slice(40, 60));
});

test("a kubeconfig in an annotation, even of a Secret, is refused; so is a secret one", () => {
  const props = { metadata: { annotations: { "weft.dev/kubeconfig": secret(kubeconfig) } } };
  expect(runOnResource(keysOnlyInSecrets, { type: secretType, props })).toEqual([
    expect.stringContaining('metadata.annotations["weft.dev/kubeconfig"]: a kubeconfig stands here'),
  ]);
});

test("a key in Helm values is refused", () => {
  const props = { values: { pilot: { env: { KEY: privateKey } } } };
  expect(runOnResource(keysOnlyInSecrets, { type: "kubernetes:helm.sh/v3:Release", props })).toHaveLength(1);
});

test("what is in no cluster is not its business", () => {
  const props = { caPrivateKeyPem: privateKey };
  expect(
    runOnResource(keysOnlyInSecrets, { type: "tls:index/locallySignedCert:LocallySignedCert", props }),
  ).toEqual([]);
});

test("an object without keys passes, and one that is not known yet", () => {
  expect(
    runOnResource(keysOnlyInSecrets, { type: "kubernetes:core/v1:ConfigMap", props: { data: { a: "b" } } }),
  ).toEqual([]);
  expect(
    runOnResource(keysOnlyInSecrets, { type: "kubernetes:core/v1:ConfigMap", props: { data: unknown } }),
  ).toEqual([]);
});
