import { createKeysMarkedSecret } from "../../policies/keys-marked-secret";
import { base64, kubeconfig, privateKey } from "./samples";
import { runOnResource, secret, unknown } from "./run";

const policy = createKeysMarkedSecret();
const secretType = "kubernetes:core/v1:Secret";

test("keys marked secret pass, whether the mark is on them or on what is around them", () => {
  expect(
    runOnResource(policy, { type: secretType, props: { data: secret({ key: base64(privateKey) }) } }),
  ).toEqual([]);
  expect(
    runOnResource(policy, { type: secretType, props: { data: { key: secret(base64(privateKey)) } } }),
  ).toEqual([]);
});

test("a key that is not marked is refused, even in a Secret, and the message does not repeat it", () => {
  const found = runOnResource(policy, {
    type: secretType,
    name: "cluster1-cacerts",
    props: { data: { "ca-key.pem": base64(privateKey), "ca-cert.pem": "LS0=" } },
  });
  expect(found).toEqual([
    'cluster1-cacerts data["ca-key.pem"]: a private key that is not marked secret: it would stand in plain text in the state. ' +
      "Wrap it in `pulumi.secret(…)`, or set it with `pulumi config set --secret`.",
  ]);
});

test("a provider's kubeconfig has to be marked", () => {
  const type = "pulumi:providers:kubernetes";
  expect(runOnResource(policy, { type, props: { kubeconfig } })).toHaveLength(1);
  expect(runOnResource(policy, { type, props: { kubeconfig: secret(kubeconfig) } })).toEqual([]);
});

test("a violation is reported once: the resource passes when it is mended", () => {
  const type = "pulumi:providers:kubernetes";
  runOnResource(policy, { type, props: { kubeconfig } });
  expect(runOnResource(policy, { type })).toEqual([]);
});

test("a resource without keys passes, and one that is not known yet", () => {
  expect(runOnResource(policy, { type: secretType, props: { data: { a: "b" } } })).toEqual([]);
  expect(runOnResource(policy, { type: secretType, props: { data: unknown } })).toEqual([]);
});
