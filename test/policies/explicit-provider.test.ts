import { explicitProvider } from "../../policies/explicit-provider";
import { runOnResource, unknown } from "./run";

const namespace = "kubernetes:core/v1:Namespace";
const kubernetes = "pulumi:providers:kubernetes";

test("an object on its member's provider passes", () => {
  expect(runOnResource(explicitProvider, { type: namespace, member: "cluster1" })).toEqual([]);
});

test.each(["default", "default_4_34_2"])(
  "an object on the default Kubernetes provider (%s) is refused",
  (name) => {
    const found = runOnResource(explicitProvider, {
      type: namespace,
      name: "cluster1-namespace",
      provider: { type: kubernetes, name },
    });
    expect(found).toEqual([
      `cluster1-namespace provider ("${name}"): it is on the default provider of kubernetes, which acts on whatever cluster the current context names. ` +
        "Give it, or the component around it, the member's own provider (option `provider`), and list the package under `pulumi:disable-default-providers`.",
    ]);
  },
);

test("a provider whose name only begins with default is an explicit one", () => {
  const provider = { type: kubernetes, name: "defaults-cluster" };
  expect(runOnResource(explicitProvider, { type: namespace, provider })).toEqual([]);
});

test("the default tls provider names no cluster, so it may be used; config can say otherwise", () => {
  const key = {
    type: "tls:index/privateKey:PrivateKey",
    provider: { type: "pulumi:providers:tls", name: "default_5_6_1" },
  };
  expect(runOnResource(explicitProvider, key)).toEqual([]);
  expect(runOnResource(explicitProvider, key, { allow: [] })).toHaveLength(1);
});

test("a resource without a provider, such as a component, passes", () => {
  expect(runOnResource(explicitProvider, { type: "weft:mesh-member:MeshMember" })).toEqual([]);
});

test("a Kubernetes provider without a kubeconfig is refused, since it follows the current context", () => {
  const props = { version: "4.34.2" };
  const found = runOnResource(explicitProvider, { type: kubernetes, name: "cluster1", props });
  expect(found).toEqual([expect.stringMatching(/^cluster1 kubeconfig: this provider has no kubeconfig/)]);
});

test.each([["apiVersion: v1"], [unknown]])(
  "a Kubernetes provider with a kubeconfig passes, known or not",
  (kubeconfig) => {
    expect(
      runOnResource(explicitProvider, { type: kubernetes, name: "cluster1", props: { kubeconfig } }),
    ).toEqual([]);
  },
);

test("nothing is added where a provider refuses its configuration, and has no properties at all", () => {
  expect(runOnResource(explicitProvider, { type: kubernetes, name: "cluster1" })).toEqual([]);
});
