import type { ResourceValidationArgs, ResourceValidationPolicy } from "@pulumi/policy";
import { keyMaterial, type KeyMaterial } from "./key-material";
import { violation } from "./resource";

/**
 * What is not marked secret stands in plain text in the state, in the engine's events and in its diffs.
 *
 * Only a remediation sees the marks: the library takes them off before it validates. So this remediation looks and mends
 * nothing (an event about a mended property would carry its plain value), and the validation, which the engine calls right
 * after it with the same resource, says what was seen. Level `remediate` is what makes the engine call both;
 * it reports the violations of this level as mandatory. Turned down to `advisory`, the policy sees nothing.
 */
export function createKeysMarkedSecret(): ResourceValidationPolicy {
  const unmarked = new Map<string, KeyMaterial[]>();
  return {
    name: "keys-marked-secret",
    description: "Private keys and kubeconfigs are secrets in Pulumi's state.",
    enforcementLevel: "remediate",
    remediateResource({ urn, props }: ResourceValidationArgs) {
      unmarked.set(
        urn,
        keyMaterial(props).filter(({ secret }) => !secret),
      );
    },
    validateResource({ urn, name }, report) {
      for (const { path, kind } of unmarked.get(urn) ?? []) {
        report(
          violation({
            resource: name,
            path,
            message: `a ${kind} that is not marked secret: it would stand in plain text in the state.`,
            remedy: "Wrap it in `pulumi.secret(…)`, or set it with `pulumi config set --secret`.",
          }),
        );
      }
    },
  };
}

export const keysMarkedSecret = createKeysMarkedSecret();
