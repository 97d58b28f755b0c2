/** Where charts come from. */
import { z } from "zod";
import { secrets, text, url, written } from "./forms";

const credential = z
  .union(
    [
      text,
      z.strictObject({
        valueFrom: z.strictObject({
          env: written("the name of an environment variable", /^[A-Za-z_][A-Za-z0-9_]*$/).describe(
            "Environment variable that holds it wherever `pulumi` runs.",
          ),
        }),
      }),
    ],
    { error: "text, or a map such as valueFrom: {env: CHARTS_PASSWORD}" },
  )
  .register(secrets, { secret: true })
  .optional();

const credentials = {
  username: credential.describe(
    "Secret. User of a private Helm repository. Not for `oci`: run `helm registry login` before `pulumi`.",
  ),
  password: credential.describe("Secret. Password or token of that user."),
};

export const charts = z
  .union(
    [
      z.strictObject({
        repository: url(/^https?$/, "an http or https URL").describe("URL of a Helm repository."),
        ...credentials,
      }),
      z.strictObject({
        oci: url(/^oci$/, "a URL such as oci://registry.example/istio/charts").describe(
          "URL of the folder in an OCI registry that holds the charts.",
        ),
        // So that the rule that refuses them can say why.
        ...credentials,
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
