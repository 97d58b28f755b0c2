/** What a person may add to a namespace. */
import { z } from "zod";
import { annotations, objectKeys } from "./forms";

const valueForm =
  "a Kubernetes label value (letters, digits, '-', '_' and '.', at most 63 characters), or \"\"";

const labels = objectKeys(
  z.record(
    z.string(),
    z
      .string({ error: valueForm })
      .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/, { error: valueForm }),
    { error: "a map of labels" },
  ),
  "labels",
);

export type NamespaceMetadata = {
  [Key in keyof ReturnType<typeof namespaceMetadata>]: Record<string, string>;
};

/** @param which namespace, for a person; `beyond`: what they are merged over. */
export const namespaceMetadata = (which: string, beyond: string) => ({
  namespaceLabels: labels
    .default({})
    .describe(
      `Labels of ${which} beside ${beyond}, such as \`pod-security.kubernetes.io/enforce\`. Those that the mesh needs are refused.`,
    ),
  namespaceAnnotations: objectKeys(annotations, "annotations")
    .default({})
    .describe(`Annotations of ${which} beside ${beyond}.`),
});
