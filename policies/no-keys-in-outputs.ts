import type { StackValidationPolicy } from "@pulumi/policy";
import { keyMaterial } from "./key-material";
import { violation } from "./resource";

/** `pulumi stack output --show-secrets` and every stack that refers to this one would hand them on. */
export const noKeysInOutputs: StackValidationPolicy = {
  name: "no-keys-in-outputs",
  description: "No output of the stack carries a private key or a kubeconfig, secret or not.",
  enforcementLevel: "mandatory",
  validateStack({ resources }, report) {
    for (const stack of resources.filter(({ type }) => type === "pulumi:pulumi:Stack")) {
      for (const { path, kind } of keyMaterial(stack.props)) {
        report(
          violation({
            resource: `stack output ${path}`,
            message: `a ${kind} is an output of the stack.`,
            remedy: "Take the output away; who needs the key reads it from the Secret that holds it.",
          }),
          stack.urn,
        );
      }
    }
  },
};
