/** Where charts come from. */
import { z } from "zod";
import { text, url } from "./forms";

export const charts = z
  .union(
    [
      z.strictObject({
        repository: url(/^https?$/, "an http or https URL").describe("URL of a Helm repository."),
      }),
      z.strictObject({
        oci: url(/^oci$/, "a URL such as oci://registry.example/istio/charts").describe(
          "URL of the folder in an OCI registry that holds the charts.",
        ),
      }),
      z.strictObject({
        path: text.describe(
          "Folder that holds each chart, as a folder or as the `.tgz` that `helm pull` leaves. Relative to the project.",
        ),
      }),
    ],
    { error: "exactly one of the keys `repository`, `oci`, `path`" },
  )
  .describe("Where Istio's charts come from: exactly one of `repository`, `oci`, `path`.");
