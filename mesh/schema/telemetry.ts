/** `weft:mesh.telemetry`: the spec of a mesh-wide Telemetry, as Istio 1.28 to 1.31 know it. https://istio.io/latest/docs/reference/config/telemetry/ */
import { z } from "zod";
import { flag, text, written } from "./forms";

const anything = z.record(z.string(), z.unknown(), { error: "a map" });
const share = "a number from 0 to 100";
const list = <Keys extends z.core.$ZodShape>(keys: Keys) =>
  z
    .array(
      z.strictObject({
        providers: z
          .array(z.strictObject({ name: text.describe("Name of an extension provider.") }))
          .optional()
          .describe("Default: `meshConfig.defaultProviders`."),
        ...keys,
      }),
    )
    .optional();
const match = z
  .strictObject({
    mode: z
      .enum(["CLIENT_AND_SERVER", "CLIENT", "SERVER"])
      .describe("`CLIENT`: outbound; `SERVER`: inbound."),
  })
  .optional()
  .describe("Which side of a request; default: both.");

export const telemetry = z
  .strictObject({
    tracing: list({
      match,
      randomSamplingPercentage: z
        .number({ error: share })
        .min(0, { error: share })
        .max(100, { error: share })
        .optional()
        .describe("Share of the requests that is traced, in percent."),
      disableSpanReporting: flag().optional().describe("Report no spans."),
      enableIstioTags: flag().optional().describe("Add Istio's own tags; Istio's default: true."),
      useRequestIdForTraceSampling: flag().optional().describe("Istio's default: true."),
      customTags: anything.optional().describe("Tags by name."),
    }).describe("What is traced, and where spans go."),
    metrics: list({
      overrides: z.array(anything).optional().describe("Changes to single metrics and their tags."),
      reportingInterval: written("a duration such as 15s", /^\d+(\.\d+)?(ms|s|m|h)$/)
        .optional()
        .describe("How often metrics of TCP connections are reported."),
    }).describe("Which metrics proxies report."),
    accessLogging: list({
      match,
      disabled: flag().optional().describe("Write none."),
      filter: z
        .strictObject({ expression: text.describe("CEL expression.") })
        .optional()
        .describe("Which requests are written."),
    }).describe("Where access logs go."),
  })
  .describe("The mesh-wide Telemetry.");
