import { strictMtlsEverywhere } from "../../policies/strict-mtls-everywhere";
import { runOnStack, unknown } from "./run";
import { istiod, object, release } from "./stack";

const authentication = (member: string, namespace = "istio-system") =>
  object(member, "security.istio.io/v1:PeerAuthentication", "mtls", {
    metadata: { name: "default", namespace },
    spec: { mtls: { mode: "STRICT" } },
  });
const remote = [
  istiod("cluster3", "1.30.5"),
  object("cluster3", "core/v1:Namespace", "namespace", {
    metadata: { annotations: { "topology.istio.io/controlPlaneClusters": "cluster1" } },
  }),
];

test("a mesh whose primaries all have one passes; remotes need none", () => {
  const stack = [istiod("cluster1", "1.30.5"), authentication("cluster1"), ...remote];
  expect(runOnStack(strictMtlsEverywhere, stack)).toEqual([]);
});

test("a primary without one is refused: its peer's does not count, nor one of another namespace", () => {
  const stack = [
    istiod("cluster1", "1.30.5"),
    authentication("cluster1"),
    istiod("cluster2", "1.30.5"),
    authentication("cluster2", "sample"),
  ];
  expect(runOnStack(strictMtlsEverywhere, stack)).toEqual([
    "primary cluster2: there is no mesh-wide PeerAuthentication, so its workloads take plain text. Create one named default in istio-system with spec.mtls.mode STRICT.",
  ]);
});

test("Helm values that a preview does not know make nothing wrong", () => {
  const stack = [release("cluster1", "istiod", { values: unknown }), authentication("cluster1"), ...remote];
  expect(runOnStack(strictMtlsEverywhere, stack)).toEqual([]);
});

test("a primary whose only istiod bears its revision counts, and one with several counts once", () => {
  const stack = ["istiod-1-31-2", "istiod-1-31-3"].map((name) => release("cluster1", name));
  expect(runOnStack(strictMtlsEverywhere, stack)).toEqual([expect.stringContaining("primary cluster1")]);
});

test("a stack without istiod passes", () => {
  expect(runOnStack(strictMtlsEverywhere, [])).toEqual([]);
});
