import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { keepSecrets, secretOutputs } from "../../components/keep-secrets";
import { cluster, weave } from "./weave";
import { record, valueOf } from "./mocks";

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

test("so is what a person adds to namespaces, and the reason for permissive mTLS, but nothing that says whose an object is", async () => {
  const { recorder } = await weave(
    {
      mesh: {
        id: "t0ken",
        mtls: "permissive",
        mtlsReason: "t0ken",
        istio: { namespaceLabels: { "example.com/label": "t0ken", "example.com/team": "mesh" } },
        sample: { namespaceAnnotations: { "example.com/key": "t0ken" } },
      },
      clusters: [cluster("t0ken", { ingress: { namespaceAnnotations: { "example.com/key": "t0ken" } } })],
    },
    [],
    { secrets: new Set(["t0ken"]) },
  );
  const marked = (name: string) => recorder.named(name).secrets;
  expect(marked("mesh-t0ken-namespace")).toEqual(["metadata.labels.example.com/label"]);
  expect(marked("mesh-t0ken-mtls")).toEqual(["metadata.annotations.weft.dev/permissive-reason"]);
  expect(marked("mesh-t0ken-sample-namespace")).toEqual(["metadata.annotations.example.com/key"]);
  expect(marked("mesh-t0ken-ingress-namespace")).toEqual(["metadata.annotations.example.com/key"]);
});

test("so is where a chart comes from", async () => {
  const repository = "https://charts.example/s3cr3t";
  const { recorder } = await weave(
    { mesh: { istio: { charts: { repository } } }, clusters: [cluster("a")] },
    [],
    { secrets: new Set([repository]) },
  );
  expect(recorder.named("mesh-a-base").secrets).toEqual(["repositoryOpts.repo"]);
});

test("a text that a secret was put into is marked, unless the secret is so short that it may stand there by chance", async () => {
  const recorder = await record(() => {
    new kubernetes.apiextensions.CustomResource(
      "object",
      {
        apiVersion: "example.com/v1",
        kind: "Example",
        metadata: { name: "longs3cr3t", labels: { "weft.dev/member": "longs3cr3t", other: "a-longs3cr3t" } },
        spec: { url: "https://longs3cr3t@example.com", word: "k3ys", fixed: pulumi.secret("longs3cr3t") },
      },
      { transformations: [keepSecrets(new Set(["longs3cr3t", "k3y"]))] },
    );
  });
  expect(recorder.named("object").secrets.sort()).toEqual([
    "metadata.labels.other",
    "spec.fixed",
    "spec.url",
  ]);
});

test("an output that holds a secret is one, be it known or not yet, and nothing beside it", async () => {
  const outputs = secretOutputs(
    { address: pulumi.output("10.0.0.9"), port: 443, list: ["10.0.0.9", "b"], other: pulumi.output("a") },
    new Set(["10.0.0.9"]),
  );
  const isSecret = (value: unknown) => pulumi.isSecret(pulumi.output(value));
  expect(await valueOf(pulumi.output(outputs.address))).toEqual({ value: "10.0.0.9", secret: true });
  const [first, second] = outputs.list as unknown[];
  expect(await Promise.all([outputs.port, first, second, outputs.other].map(isSecret))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});
