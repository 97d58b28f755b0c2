import * as pulumi from "@pulumi/pulumi";
import { PeerSecret } from "../../../components/mesh-member/peer-secret";
import { record } from "../mocks";

const peers = (count: number) =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`c${index}`, pulumi.secret(`kubeconfig ${index}`)]),
  );

test("is one Secret as long as all peers fit", async () => {
  const recorder = await record(() => new PeerSecret("peers", { kubeconfigs: peers(200), after: [] }));
  expect(recorder.ofType("kubernetes:core/v1:Secret")).toEqual(["peers-0"]);
  expect(recorder.named("peers-0").inputs).toMatchObject({
    metadata: { name: "weft-peers", labels: { "istio/multiCluster": "true" } },
  });
});

test("is several where one is too small; each is changed after those that may give a key to it", async () => {
  const recorder = await record(() => new PeerSecret("peers", { kubeconfigs: peers(250), after: [] }));
  const names = recorder.ofType("kubernetes:core/v1:Secret");
  expect(names).toEqual(["peers-0", "peers-1"]);
  expect(recorder.named("peers-1").inputs).toMatchObject({
    metadata: { name: "weft-peers-1", labels: { "istio/multiCluster": "true" } },
  });
  const keys = names.flatMap((name) => Object.keys(recorder.named(name).inputs["stringData"] as object));
  expect(keys.sort()).toEqual(Object.keys(peers(250)).sort());
  expect(recorder.isAfter("peers-1", "peers-0")).toBe(true);
  expect(recorder.named("peers-1").secrets).toEqual(["stringData"]);
});
