import type { ResourceValidationPolicy } from "@pulumi/policy";
import { at, violation } from "./resource";

const defaults = { allow: ["tls", "docker", "kubernetes-cert-manager"] };

/**
 * A default Kubernetes provider acts on whatever cluster the current context names, and so does an explicit one
 * without a kubeconfig: in a program about many clusters that is always the wrong one for all but one of them.
 */
export const explicitProvider: ResourceValidationPolicy = {
  name: "explicit-provider",
  description: "Every object goes to a cluster that was named.",
  enforcementLevel: "mandatory",
  configSchema: {
    properties: {
      allow: {
        type: "array",
        items: { type: "string" },
        default: defaults.allow,
        description: "Packages whose default provider names no cluster, and so may be used.",
      },
    },
  },
  validateResource(args, report) {
    const { allow } = { ...defaults, ...args.getConfig<Partial<typeof defaults>>() };
    const { provider } = args;
    if (provider !== undefined && isDefault(provider) && !allow.includes(packageOf(provider.type))) {
      report(
        violation({
          resource: args.name,
          path: "provider",
          value: provider.name,
          message: `it is on the default provider of ${packageOf(provider.type)}, which acts on whatever cluster the current context names.`,
          remedy:
            "Give it, or the component around it, the member's own provider (option `provider`), and list the package under `pulumi:disable-default-providers`.",
        }),
      );
    }
    if (args.type === "pulumi:providers:kubernetes" && !isDefault(args) && !hasKubeconfig(args.props)) {
      report(
        violation({
          resource: args.name,
          path: "kubeconfig",
          message:
            "this provider has no kubeconfig, so it acts on whatever cluster the current context names.",
          remedy:
            "Give it the member's kubeconfig as a secret, and the member's name as `clusterIdentifier`.",
        }),
      );
    }
  },
};

/** The engine names a default provider `default`, with its version where the program asked for one: `default_4_34_2`. */
const isDefault = ({ name }: { name: string }) => /^default(_\d|$)/.test(name);

const packageOf = (providerType: string) => providerType.replace("pulumi:providers:", "");

/**
 * A kubeconfig that is not known yet is there all the same. A provider that refuses its configuration comes without any
 * property, not even its version; the engine says why.
 */
const hasKubeconfig = (props: Record<string, unknown>) =>
  Object.keys(props).length === 0 || (Object.hasOwn(props, "kubeconfig") && at(props, "kubeconfig") !== "");
