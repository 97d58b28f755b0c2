import { noKeysInOutputs } from "../../policies/no-keys-in-outputs";
import { kubeconfig, privateKey } from "./samples";
import { runOnStack, secret } from "./run";

const stack = "pulumi:pulumi:Stack";

test("outputs without keys pass", () => {
  const props = { meshId: "mesh1", members: { cluster1: { network: "network1" } } };
  expect(runOnStack(noKeysInOutputs, [{ type: stack, props }])).toEqual([]);
});

test("a key or kubeconfig among the outputs is refused, secret or not", () => {
  const props = { rootKey: secret(privateKey), members: { cluster1: { kubeconfig } } };
  expect(runOnStack(noKeysInOutputs, [{ type: stack, props }])).toEqual([
    expect.stringMatching(/^stack output rootKey: a private key is an output/),
    expect.stringMatching(/^stack output members.cluster1.kubeconfig: a kubeconfig is an output/),
  ]);
});

test("keys in other resources are not its business, and a stack without outputs passes", () => {
  const key = { type: "tls:index/privateKey:PrivateKey", props: { privateKeyPem: privateKey } };
  expect(runOnStack(noKeysInOutputs, [{ type: stack }, key])).toEqual([]);
});
