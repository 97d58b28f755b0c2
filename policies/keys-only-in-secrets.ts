import type { ResourceValidationPolicy } from "@pulumi/policy";
import { keyMaterial } from "./key-material";
import { isKind, violation } from "./resource";

/** Whoever may read ConfigMaps, Helm values or annotations, and that is nearly everyone, must not find a key there. */
export const keysOnlyInSecrets: ResourceValidationPolicy = {
  name: "keys-only-in-secrets",
  description: "Private keys and kubeconfigs stand in the data of Secrets, and nowhere else in a cluster.",
  enforcementLevel: "mandatory",
  validateResource(args, report) {
    if (!args.type.startsWith("kubernetes:")) return;
    const isSecret = isKind(args.type, "core", "Secret");
    for (const { path, keys, kind } of keyMaterial(args.props)) {
      if (isSecret && (keys[0] === "data" || keys[0] === "stringData")) continue;
      report(
        violation({
          resource: args.name,
          path,
          message: `a ${kind} stands here, in plain sight of everyone who may read this object.`,
          remedy:
            "Put it into the `stringData` of a Secret and refer to that; then replace it, since it has been seen.",
        }),
      );
    }
  },
};
