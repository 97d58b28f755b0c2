import type { Recorder } from "../mocks";
import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

const patch = "kubernetes:core/v1:NamespacePatch";
const enforced = { "pod-security.kubernetes.io/enforce": "privileged" };
const identity = (member: string) => ({
  "weft.dev/mesh": "mesh1",
  "weft.dev/member": member,
  "topology.istio.io/network": member,
});

describe("namespaces", () => {
  let recorder: Recorder;

  beforeAll(async () => {
    const namespaceLabels = enforced;
    ({ recorder } = await weave({
      mesh: {
        istio: { namespaceLabels, namespaceAnnotations: { "example.com/team": "mesh" } },
        ingress: { namespaceLabels },
        sample: { namespaceLabels },
      },
      clusters: [
        cluster("a", { ingress: { namespaceLabels: { "example.com/tier": "edge" } } }),
        cluster("r", {
          role: "remote",
          primary: "a",
          istio: { adoptNamespace: true, namespaceAnnotations: { "example.com/team": "edge" } },
        }),
      ],
    }));
  });

  const metadataOf = (name: string) => recorder.named(name).inputs["metadata"];

  test("have the labels and annotations of stack config, a member's over the mesh's, and Weft's", () => {
    const weft = { "app.kubernetes.io/managed-by": "weft" };
    expect(metadataOf("mesh-a-namespace")).toEqual({
      name: "istio-system",
      labels: { ...enforced, ...weft, ...identity("a") },
      annotations: { "example.com/team": "mesh" },
    });
    const injected = { ...enforced, ...weft, "istio-injection": "enabled" };
    expect(metadataOf("mesh-a-ingress-namespace")).toEqual({
      name: "istio-ingress",
      labels: { ...injected, "example.com/tier": "edge" },
    });
    expect(metadataOf("mesh-a-sample-namespace")).toEqual({ name: "sample", labels: injected });
  });

  test("that are adopted are patched: whose they are stays unsaid, and a killed update left nothing to delete", () => {
    expect(recorder.ofType(patch)).toEqual(["mesh-r-namespace"]);
    expect(metadataOf("mesh-r-namespace")).toEqual({
      name: "istio-system",
      labels: { ...enforced, ...identity("r") },
      annotations: {
        "example.com/team": "edge",
        "topology.istio.io/controlPlaneClusters": "a",
        "pulumi.com/patchForce": "true",
      },
    });
    expect(recorder.beforeCreate("mesh-r-namespace")).toEqual([]);
  });
});
