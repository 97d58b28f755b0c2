/** What is secret in stack config stays a secret in what becomes of it. */
import * as pulumi from "@pulumi/pulumi";

/** The inputs of Kubernetes resources that take what a person wrote: Helm values, and specs. */
const open = ["values", "spec"];

/** A text that holds a shorter secret may do so by chance. */
const shortestPart = 8;

/**
 * Marks every text and number below these inputs that is a secret of stack config, or a text that holds one.
 *
 * By value, in a transformation, so that no component can forget it, and each leaf on its own: all beside it stays readable in a preview.
 * Not in metadata, which whoever may list objects reads.
 */
export function keepSecrets(secrets: ReadonlySet<string>): pulumi.ResourceTransformation {
  const parts = [...secrets].filter(({ length }) => length >= shortestPart);
  const isSecret = (leaf: string) => secrets.has(leaf) || parts.some((part) => leaf.includes(part));
  return ({ type, props, opts }) => {
    if (secrets.size === 0 || !type.startsWith("kubernetes:")) return undefined;
    const inputs = props as Record<string, unknown>;
    const marked = open
      .filter((key) => key in inputs)
      .map((key) => [key, mark(inputs[key], isSecret)] as const);
    return { props: { ...inputs, ...Object.fromEntries(marked) }, opts };
  };
}

function mark(value: unknown, isSecret: (leaf: string) => boolean): unknown {
  if (typeof value === "string" || typeof value === "number") {
    return isSecret(String(value)) ? pulumi.secret(value) : value;
  }
  if (typeof value !== "object" || value === null || pulumi.Output.isInstance(value)) return value;
  if (Array.isArray(value)) return value.map((item) => mark(item, isSecret));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item, isSecret)]));
}
