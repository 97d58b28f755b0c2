/** What is secret in stack config stays a secret in what becomes of it. */
import * as pulumi from "@pulumi/pulumi";

/** A text that holds a shorter secret may do so by chance. */
const shortestPart = 8;

/**
 * Keys whose values stay readable: the names of objects, and the labels and annotations by which Weft, Istio and the provider know whose
 * an object is and what to do with it. None of them is a place for a secret, and a preview has to show them.
 */
const identity =
  /^(apiVersion|kind|type|name|namespace|weft\.dev\/(mesh|member|stack|roots|signing-root)|topology\.istio\.io\/.*|istio-injection|istio\.io\/rev|app\.kubernetes\.io\/managed-by|pulumi\.com\/.*)$/;

/**
 * Marks every text and number in the inputs of a resource that is a secret of stack config, or a text that holds one.
 *
 * By value, in a transformation, so that no component can forget it, and each leaf on its own: all beside it stays readable in a preview.
 */
export function keepSecrets(secrets: ReadonlySet<string>): pulumi.ResourceTransformation {
  const isSecret = isOneOf(secrets);
  return ({ props, opts }) => {
    if (secrets.size === 0) return undefined;
    const { metadata, ...inputs } = props as Record<string, unknown>;
    const marked = markBut(identity, inputs, isSecret);
    return {
      props: metadata === undefined ? marked : { ...marked, metadata: markMetadata(metadata, isSecret) },
      opts,
    };
  };
}

/** The same for outputs of the stack. A map of which a key is one is a secret as a whole: Pulumi knows no secret keys. */
export function secretOutputs<Outputs extends object>(
  outputs: Outputs,
  secrets: ReadonlySet<string>,
): { [Key in keyof Outputs]: pulumi.Input<Outputs[Key]> } {
  if (secrets.size === 0) return outputs;
  const isSecret = isOneOf(secrets);
  const marked = (value: unknown): unknown => {
    if (pulumi.Output.isInstance(value)) return value.apply(marked);
    if (Array.isArray(value)) return value.map(marked);
    if (!isMap(value)) return mark(value, isSecret);
    const map = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, marked(item)]));
    return Object.keys(map).some(isSecret) ? pulumi.secret(map) : map;
  };
  return Object.fromEntries(Object.entries(outputs).map(([key, item]) => [key, marked(item)])) as never;
}

function isOneOf(secrets: ReadonlySet<string>): (leaf: string) => boolean {
  const parts = [...secrets].filter(({ length }) => length >= shortestPart);
  return (leaf) => secrets.has(leaf) || parts.some((part) => leaf.includes(part));
}

function markMetadata(metadata: unknown, isSecret: (leaf: string) => boolean): unknown {
  if (!isMap(metadata)) return mark(metadata, isSecret);
  const { labels, annotations, ...rest } = metadata;
  return {
    ...markBut(identity, rest, isSecret),
    ...(isMap(labels) && { labels: markBut(identity, labels, isSecret) }),
    ...(isMap(annotations) && { annotations: markBut(identity, annotations, isSecret) }),
  };
}

/** All that stands under other keys than these. */
function markBut(keys: RegExp, map: Record<string, unknown>, isSecret: (leaf: string) => boolean) {
  return Object.fromEntries(
    Object.entries(map).map(([key, item]) => [key, keys.test(key) ? item : mark(item, isSecret)]),
  );
}

function mark(value: unknown, isSecret: (leaf: string) => boolean): unknown {
  if (typeof value === "string" || typeof value === "number") {
    return isSecret(String(value)) ? pulumi.secret(value) : value;
  }
  if (Array.isArray(value)) return value.map((item) => mark(item, isSecret));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mark(item, isSecret)]));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !pulumi.Output.isInstance(value);
}
