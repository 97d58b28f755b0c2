/** What a policy reads of a resource, and how it says what it found. */
import type { PolicyResource, ResourceValidationArgs } from "@pulumi/policy";

export type AnyResource = PolicyResource | ResourceValidationArgs;

/** Whether a type token is this Kubernetes kind, whatever its version: `kubernetes:networking.istio.io/v1:Gateway`. */
export function isKind(type: string, group: string, kind: string): boolean {
  const [provider, groupVersion, name] = type.split(":");
  return provider === "kubernetes" && groupVersion?.split("/")[0] === group && name === kind;
}

/** Whether it writes objects of this kind, as a whole or as a patch of one that is there (`CustomResourcePatch`). */
export function writesKind(type: string, group: string, kind: string): boolean {
  return isKind(type, group, kind) || isKind(type, group, `${kind}Patch`);
}

/**
 * The value at a path; undefined where there is none, or where only the update will know it.
 * The library throws on the second, which would switch the whole policy off for that preview: so a policy
 * passes what it cannot see yet, and judges it in the update, before the resource is touched.
 */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  try {
    return path.reduce<unknown>(
      (node, key) => (node as Record<string | number, unknown> | null | undefined)?.[key],
      value,
    );
  } catch {
    return undefined;
  }
}

/** The array at a path; empty where there is none. */
export function list(value: unknown, ...path: (string | number)[]): unknown[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? Array.from({ length: found.length }, (_, index) => at(found, index)) : [];
}

/** The member a Kubernetes object belongs to: the name of its provider's cluster. */
export function memberOf(resource: AnyResource): string | undefined {
  if (resource.provider?.type !== "pulumi:providers:kubernetes") return undefined;
  const identifier = at(resource.provider.props, "clusterIdentifier");
  return typeof identifier === "string" ? identifier : resource.provider.name;
}

/** Helm releases of this name, one per member at most. */
export function releasesOf(resources: PolicyResource[], release: string): PolicyResource[] {
  return resources.filter((r) => isKind(r.type, "helm.sh", "Release") && at(r.props, "name") === release);
}

/** The releases of istiods: `istiod`, and `istiod-<revision>` beside it or in its place. */
export function istiodsOf(resources: PolicyResource[]): PolicyResource[] {
  return resources.filter(
    (r) => isKind(r.type, "helm.sh", "Release") && /^istiod(-|$)/.test(String(at(r.props, "name"))),
  );
}

/**
 * A violation in words: which resource, where in it, what stands there, what is wrong, what to do.
 * Never give it the value of a secret.
 */
export function violation(of: {
  resource: string;
  path?: string;
  value?: unknown;
  message: string;
  remedy: string;
}): string {
  const where = [of.resource, of.path].filter((part) => part !== undefined).join(" ");
  const found = of.value === undefined ? "" : ` (${JSON.stringify(of.value)})`;
  return `${where}${found}: ${of.message} ${of.remedy}`;
}
