/** Runs a policy as the library does for the engine: with its proxies for what is unknown in a preview and for marks of secrets. */
import {
  Secret,
  type PolicyResource,
  type ReportViolation,
  type ResourceValidationArgs,
  type ResourceValidationPolicy,
  type StackValidationPolicy,
} from "@pulumi/policy";
import { secretsPreservingProxy } from "@pulumi/policy/secret";

/** Left out of the library's declarations. */
const { unknownCheckingProxy, unknownStringValue } = jest.requireActual<{
  unknownCheckingProxy: (props: unknown) => Props;
  unknownStringValue: string;
}>("@pulumi/policy/proxy");

/** Stands for a value that only the update will know. */
export const unknown: string = unknownStringValue;

export const secret = (value: unknown) => new Secret(value);

type Props = Record<string, unknown>;

export interface Res {
  type: string;
  name?: string;
  props?: Props;
  /** Name of the member whose provider it is on. */
  member?: string;
  provider?: { type: string; name: string; props?: Props };
  propertyDependencies?: Record<string, Res[]>;
}

export function runOnResource(policy: ResourceValidationPolicy, res: Res, config: object = {}): string[] {
  const remediated = {
    ...args(res, config),
    props: unknownCheckingProxy(secretsPreservingProxy(res.props ?? {})),
  };
  expect(policy.remediateResource?.(remediated)).toBeUndefined();
  const messages: string[] = [];
  const validations = [policy.validateResource ?? []].flat();
  for (const validate of validations) void validate(args(res, config), reporter(messages));
  return messages;
}

export function runOnStack(policy: StackValidationPolicy, stack: Res[], config: object = {}): string[] {
  const known = new Map<Res, PolicyResource>();
  const resource = (res: Res): PolicyResource => {
    const made = known.get(res) ?? {
      ...args(res, config),
      asType: () => undefined,
      dependencies: [],
      propertyDependencies: Object.fromEntries(
        Object.entries(res.propertyDependencies ?? {}).map(([key, on]) => [key, on.map(resource)]),
      ),
    };
    known.set(res, made);
    return made;
  };
  const messages: string[] = [];
  void policy.validateStack(
    { resources: stack.map(resource), getConfig: <T>() => config as T, stackTags: new Map(), notApplicable },
    reporter(messages),
  );
  return messages;
}

function args(res: Res, config: object): ResourceValidationArgs {
  const name = res.name ?? "thing";
  const provider =
    res.provider ??
    (res.member === undefined
      ? undefined
      : {
          type: "pulumi:providers:kubernetes",
          name: `${res.member}-provider`,
          props: { clusterIdentifier: res.member },
        });
  return {
    type: res.type,
    name,
    urn: `urn:pulumi:dev::weft::${res.type}::${name}`,
    props: unknownCheckingProxy(unmarked(res.props ?? {})),
    opts: {
      protect: false,
      ignoreChanges: [],
      aliases: [],
      customTimeouts: { createSeconds: 0, updateSeconds: 0, deleteSeconds: 0 },
      additionalSecretOutputs: [],
    },
    ...(provider && {
      provider: { props: {}, ...provider, urn: `urn:pulumi:dev::weft::${provider.type}::${provider.name}` },
    }),
    stackTags: new Map(),
    isType: () => false,
    asType: () => undefined,
    getConfig: <T>() => config as T,
    notApplicable,
  };
}

function unmarked(value: unknown): unknown {
  if (value instanceof Secret) return unmarked(value.value);
  if (Array.isArray(value)) return value.map(unmarked);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unmarked(entry)]));
}

const reporter =
  (messages: string[]): ReportViolation =>
  (message) => {
    messages.push(message);
  };

function notApplicable(): never {
  throw new Error("not expected");
}
