import { cluster, weave } from "../weave";

jest.setTimeout(120_000);

const deployments = "kubernetes:apps/v1:Deployment";

describe("the sample", () => {
  const woven = weave({
    mesh: { sample: { images: { curl: "registry.example/curl:1" } } },
    clusters: [cluster("c", { role: "remote", primary: "a" }), cluster("b"), cluster("a")],
  });

  test("runs nginx and curl everywhere, and helloworld v1 and v2 in turn by the members' names", async () => {
    const { recorder } = await woven;
    expect(recorder.ofType(deployments)).toEqual(
      ["a-sample-curl", "a-sample-helloworld-v1", "a-sample-nginx"]
        .concat(["b-sample-curl", "b-sample-helloworld-v2", "b-sample-nginx"])
        .concat(["c-sample-curl", "c-sample-helloworld-v1", "c-sample-nginx"])
        .map((name) => `mesh-${name}`),
    );
    expect(recorder.named("mesh-b-sample-helloworld-v2")).toMatchObject({
      provider: "b",
      inputs: {
        metadata: { name: "helloworld-v2", namespace: "sample" },
        spec: {
          selector: { matchLabels: { app: "helloworld", version: "v2" } },
          template: {
            metadata: { labels: { app: "helloworld", version: "v2" } },
            spec: {
              containers: [
                {
                  name: "helloworld",
                  image: "docker.io/istio/examples-helloworld-v2:1.0",
                  ports: [{ containerPort: 5000 }],
                },
              ],
            },
          },
        },
      },
    });
    expect(recorder.named("mesh-a-sample-curl").inputs).toMatchObject({
      spec: {
        template: {
          spec: { containers: [{ image: "registry.example/curl:1", command: ["/bin/sleep", "infinity"] }] },
        },
      },
    });
  });

  test("has one Service of one name and port in every member, whatever the version", async () => {
    const { recorder } = await woven;
    for (const member of ["a", "b", "c"]) {
      expect(recorder.named(`mesh-${member}-sample-helloworld-service`)).toMatchObject({
        provider: member,
        inputs: {
          metadata: { name: "helloworld", namespace: "sample" },
          spec: { selector: { app: "helloworld" }, ports: [{ name: "http", port: 5000 }] },
        },
      });
    }
  });

  test("is injected: its pods come after an istiod that knows the member", async () => {
    const { recorder } = await woven;
    expect(recorder.named("mesh-a-sample-namespace").inputs["metadata"]).toEqual({
      name: "sample",
      labels: { "app.kubernetes.io/managed-by": "weft", "istio-injection": "enabled" },
    });
    const orders: [later: string, earlier: string][] = [
      ["mesh-a-sample-curl", "mesh-a-istiod"],
      ["mesh-a-sample-curl", "mesh-a-sample-namespace"],
      ["mesh-c-sample-curl", "mesh-c-istiod"],
      ["mesh-c-sample-helloworld-v1", "mesh-a-peers-0"],
    ];
    expect(orders.filter(([later, earlier]) => !recorder.isAfter(later, earlier))).toEqual([]);
  });
});

test("with a revision, the sample's namespace asks that istiod for its proxies", async () => {
  const { recorder } = await weave({
    mesh: { sample: {}, istio: { revision: "stable" } },
    clusters: [cluster("a")],
  });
  expect(recorder.named("mesh-a-sample-namespace").inputs["metadata"]).toEqual({
    name: "sample",
    labels: { "app.kubernetes.io/managed-by": "weft", "istio.io/rev": "stable" },
  });
});

test("without `sample` there is none", async () => {
  const { recorder } = await weave({ clusters: [cluster("a")] });
  expect(recorder.ofType(deployments)).toEqual([]);
});
