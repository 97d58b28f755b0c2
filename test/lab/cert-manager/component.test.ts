import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { releaseOf } from "../../../lab/cert-manager/component";

const release = { compat: "true", chart: path.resolve("lab/charts/cert-manager"), values: {} };

test.each<[string, pulumi.Inputs, pulumi.Inputs]>([
  ["nothing asked for", {}, release],
  [
    "inputs are values",
    { installCRDs: true, webhook: { replicaCount: 2 }, replicaCount: null },
    { ...release, values: { installCRDs: true, webhook: { replicaCount: 2 } } },
  ],
  [
    "inputs go before the values of helmOptions",
    { installCRDs: true, helmOptions: { values: { installCRDs: false, crds: { keep: false } } } },
    { ...release, values: { installCRDs: true, crds: { keep: false } } },
  ],
  [
    "helmOptions are the release's",
    { helmOptions: { name: "cm", namespace: "ns", version: "v1.21.2", skipAwait: true } },
    { ...release, name: "cm", namespace: "ns", version: "v1.21.2", skipAwait: true },
  ],
  ["the program's chart goes first", { helmOptions: { chart: "other" } }, { ...release, chart: "other" }],
])("the release of a CertManager: %s", (_, inputs, wanted) => {
  expect(releaseOf(inputs)).toEqual(wanted);
});

test("secret and unknown values stay where they are", () => {
  const secret = pulumi.secret("s");
  const { namespace, values } = releaseOf({
    featureGates: secret,
    helmOptions: { namespace: secret, values: { http_proxy: secret } },
  });
  expect(namespace).toBe(secret);
  expect(values).toEqual({ featureGates: secret, http_proxy: secret });
});

test.each([[pulumi.secret({})], ["x"]])("helmOptions that are no object are refused", (helmOptions) => {
  expect(() => releaseOf({ helmOptions })).toThrow("helmOptions must be an object");
});
