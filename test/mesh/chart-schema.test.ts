import { chartSchemaProblems } from "../../mesh/chart-schema";
import { parseMesh } from "../../mesh/parse";
import { cluster } from "./problems-of";

/** As Istio's gateway chart writes it. */
const schema = {
  $schema: "http://json-schema.org/schema#",
  $ref: "#/$defs/values",
  $defs: {
    values: {
      type: "object",
      additionalProperties: false,
      required: ["name"],
      properties: {
        name: { type: "string" },
        annotations: { type: "object", additionalProperties: { type: ["string", "integer"] } },
        tolerations: { type: "array", items: { properties: { operator: { enum: ["Exists", "Equal"] } } } },
      },
    },
  },
};
const refuses = "The chart's own schema (gateway/values.schema.json) refuses it: it";
const remedy = "Correct it, or leave it out.";

it("values that fit are no problem, nor is what Weft or the chart's defaults add", () => {
  const mesh = parseMesh({
    mesh: { eastWest: { values: { annotations: { a: "b" } } } },
    clusters: [cluster("a", { ingress: { values: { tolerations: [{ operator: "Exists" }] } } })],
  });
  expect(chartSchemaProblems(mesh, "gateway", schema)).toEqual([]);
  expect(chartSchemaProblems(mesh, "gateway", { $ref: "https://charts.example/values.json" })).toEqual([]);
});

it("each value that does not fit is told once, where it was written", () => {
  const mesh = parseMesh({
    mesh: { eastWest: { values: { annotations: { "example.com/a": true } } } },
    clusters: [
      cluster("a", { ingress: { values: { tolerations: [{}, { operator: "Is" }] } } }),
      cluster("b", { eastWest: { values: { annotations: { b: [] } } } }),
    ],
  });
  expect(chartSchemaProblems(mesh, "gateway", schema)).toEqual([
    {
      path: 'weft:mesh.eastWest.values.annotations["example.com/a"]',
      value: "true",
      message: `${refuses} must be string,integer.`,
      remedy,
    },
    {
      path: "weft:clusters[1].eastWest.values.annotations.b",
      value: "(a list)",
      message: `${refuses} must be string,integer.`,
      remedy,
    },
    {
      path: "weft:clusters[0].ingress.values.tolerations[1].operator",
      value: "Is",
      message: `${refuses} must be one of "Exists", "Equal".`,
      remedy,
    },
  ]);
});

it("a key that the chart does not know comes with the nearest one that it does", () => {
  const mesh = parseMesh({
    mesh: { istio: { cni: { values: { chaned: false } } } },
    clusters: [cluster("a")],
  });
  const ofCni = { additionalProperties: false, properties: { chained: {} } };
  expect(chartSchemaProblems(mesh, "cni", ofCni)).toEqual([
    {
      path: "weft:mesh.istio.cni.values.chaned",
      message: "The chart's own schema (cni/values.schema.json) refuses it: it does not know the key.",
      remedy: "Did you mean `chained`?",
    },
  ]);
});
