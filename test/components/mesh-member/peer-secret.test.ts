import * as pulumi from "@pulumi/pulumi";
import { PeerSecret } from "../../../components/mesh-member/peer-secret";
import { record } from "../mocks";

const names = (count: number) => Array.from({ length: count }, (_, index) => `c${index}`);

const args = (count: number) => ({
  peers: names(count),
  kubeconfigs: Object.fromEntries(
    [...names(count), "self"].map((name) => [name, pulumi.secret(`kubeconfig of ${name}`)]),
  ),
  after: [],
});

test("is one Secret as long as all peers fit", async () => {
  const recorder = await record(() => new PeerSecret("peers", args(200)));
  expect(recorder.ofType("kubernetes:core/v1:Secret")).toEqual(["peers-0"]);
  expect(recorder.named("peers-0").inputs).toMatchObject({
    metadata: { name: "weft-peers", labels: { "istio/multiCluster": "true" } },
  });
});

test("is several where one is too small; each is changed after those that may give a key to it", async () => {
  const recorder = await record(() => new PeerSecret("peers", args(250)));
  const secrets = recorder.ofType("kubernetes:core/v1:Secret");
  expect(secrets).toEqual(["peers-0", "peers-1"]);
  expect(recorder.named("peers-1").inputs).toMatchObject({
    metadata: { name: "weft-peers-1", labels: { "istio/multiCluster": "true" } },
  });
  const keys = secrets.flatMap((name) => Object.keys(recorder.named(name).inputs["stringData"] as object));
  expect(keys.sort()).toEqual(names(250).sort());
  expect(recorder.isAfter("peers-1", "peers-0")).toBe(true);
  const { inputs, secrets: marked } = recorder.named("peers-1");
  expect(marked).toEqual(Object.keys(inputs["stringData"] as object).map((key) => `stringData.${key}`));
});
