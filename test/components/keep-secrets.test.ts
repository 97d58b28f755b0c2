import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { keepSecrets } from "../../components/keep-secrets";
import { cluster, weave } from "./weave";
import { record } from "./mocks";

jest.setTimeout(60_000);

test("each Helm value that is secret is marked, alone, whatever member it came from", async () => {
  const { recorder } = await weave(
    {
      mesh: { istio: { values: { pilot: { env: { TOKEN: "t0ken", LEVEL: "debug" } } } } },
      clusters: [
        cluster("a", {
          eastWest: { service: { annotations: { "example.com/key": "k3y", "example.com/name": "lb" } } },
          istio: { values: { tolerations: [{ key: "k3y" }], resources: { limit: 7 } } },
        }),
        cluster("b"),
      ],
    },
    [],
    { secrets: new Set(["t0ken", "k3y", "7"]) },
  );
  const marked = (name: string) => recorder.named(name).secrets.sort();
  expect(marked("mesh-a-istiod")).toEqual([
    "values.pilot.env.TOKEN",
    "values.resources.limit",
    "values.tolerations[0].key",
  ]);
  expect(marked("mesh-b-istiod")).toEqual(["values.pilot.env.TOKEN"]);
  expect(marked("mesh-a-eastwest-release")).toEqual(["values.service.annotations.example.com/key"]);
  expect(recorder.named("mesh-b-istiod").inputs["values"]).toMatchObject({
    pilot: { env: { TOKEN: "t0ken", LEVEL: "debug" } },
  });
});

test("a text that a secret was put into is marked, unless the secret is so short that it may stand there by chance", async () => {
  const recorder = await record(() => {
    new kubernetes.apiextensions.CustomResource(
      "object",
      {
        apiVersion: "example.com/v1",
        kind: "Example",
        metadata: { name: "longs3cr3t" },
        spec: { url: "https://longs3cr3t@example.com", word: "k3ys", fixed: pulumi.secret("longs3cr3t") },
      },
      { transformations: [keepSecrets(new Set(["longs3cr3t", "k3y"]))] },
    );
  });
  expect(recorder.named("object").secrets.sort()).toEqual(["spec.fixed", "spec.url"]);
});
