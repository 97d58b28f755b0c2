import type { EngineEvent, StepEventMetadata } from "@pulumi/pulumi/automation";
import { EngineSteps } from "../../../lab/rehearse/engine-steps";

const metadata = (changes: Partial<StepEventMetadata>): StepEventMetadata => ({
  op: "update",
  urn: "urn:pulumi:prod::weft::weft:mesh:Mesh$kubernetes:core/v1:Secret::mesh-east-peers-0",
  type: "kubernetes:core/v1:Secret",
  provider: "urn:pulumi:prod::weft::pulumi:providers:kubernetes::east::some-id",
  new: { custom: true } as StepEventMetadata["new"],
  ...changes,
});

function steps(...events: Partial<EngineEvent>[]): EngineSteps {
  const engine = new EngineSteps();
  for (const event of events) engine.take(event as EngineEvent);
  return engine;
}
const done = (changes: Partial<StepEventMetadata>): Partial<EngineEvent> => ({
  resOutputsEvent: { metadata: metadata(changes) },
});

test("a changed resource is told with its member and the names of its inputs", () => {
  const event = done({
    diffs: ["data"],
    detailedDiff: {
      'data["east"]': { diffKind: "update" as never, inputDiff: true },
      "metadata.labels": {} as never,
    },
  });
  expect(steps(event).steps).toEqual([
    {
      number: 1,
      op: "changed",
      type: "Secret",
      name: "mesh-east-peers-0",
      member: "east",
      inputs: ["data", "metadata"],
    },
  ]);
});

test("a replacement is told, in the order in which the engine finished it", () => {
  const order = (["create-replacement", "replace", "delete-replaced"] as const).map((op) =>
    done({ op, diffs: null as never, detailedDiff: null as never }),
  );
  expect(steps(...order).steps.map(({ number, op }) => `${number} ${op}`)).toEqual([
    "1 replaced",
    "2 deleted",
  ]);
});

test("what stays, components and providers are no steps", () => {
  expect(
    steps(
      done({ op: "same" }),
      done({ new: { custom: false } as StepEventMetadata["new"] }),
      done({ op: "create", type: "pulumi:providers:kubernetes" }),
    ).steps,
  ).toEqual([]);
});

test("a step that fails is told as failed, and what the engine says once", () => {
  const diagnosticEvent = {
    severity: "error",
    message: "<{%reset%}>no address<{%reset%}>\n",
  } as EngineEvent["diagnosticEvent"];
  const engine = steps(
    { resOpFailedEvent: { metadata: metadata({ op: "create" }) } as EngineEvent["resOpFailedEvent"] },
    { diagnosticEvent },
    { diagnosticEvent },
  );
  expect(engine.steps.map(({ op }) => op)).toEqual(["failed"]);
  expect(engine.errors).toEqual(["no address"]);
});
