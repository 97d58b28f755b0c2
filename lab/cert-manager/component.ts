/**
 * Stands for Pulumi's component provider kubernetes-cert-manager 0.2.0: its one component installs cert-manager's chart as a Helm release.
 * `lab/engine/bin` has the program that serves it.
 */
import * as path from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type { Provider } from "@pulumi/pulumi/provider";

const standIn = path.resolve(__dirname, "../charts/cert-manager");

/**
 * The inputs of the release: `helmOptions` are its own, and everything else is a value of the chart, before `helmOptions.values`.
 * @throws Error where `helmOptions` as a whole is secret or unknown; the SDKs take it as a plain object
 */
export function releaseOf({ helmOptions = {}, ...given }: pulumi.Inputs): pulumi.Inputs {
  if (typeof helmOptions !== "object" || pulumi.Output.isInstance(helmOptions)) {
    throw new Error("helmOptions must be an object, secret or not yet known in its values at most.");
  }
  const options = helmOptions as pulumi.Inputs;
  const values = Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
  return {
    compat: "true",
    chart: standIn,
    ...options,
    values: { ...(options.values as object | undefined), ...values },
  };
}

class Release extends pulumi.CustomResource {
  declare readonly status: pulumi.Output<unknown>;

  constructor(name: string, inputs: pulumi.Inputs, parent: pulumi.Resource) {
    super("kubernetes:helm.sh/v3:Release", name, { ...inputs, status: undefined }, { parent });
  }
}

class CertManager extends pulumi.ComponentResource {
  readonly status: pulumi.Output<unknown>;

  constructor(name: string, inputs: pulumi.Inputs, options: pulumi.ComponentResourceOptions) {
    super("kubernetes-cert-manager:index:CertManager", name, {}, options);
    this.status = new Release(`${name}-helm`, releaseOf(inputs), this).status;
    this.registerOutputs({ status: this.status });
  }
}

export const provider: Provider = {
  version: "0.2.0",
  construct: (name, type, inputs, options) => {
    if (type !== "kubernetes-cert-manager:index:CertManager") {
      throw new Error(`the lab's double of the kubernetes-cert-manager provider has no component ${type}`);
    }
    const { urn, status } = new CertManager(name, inputs, options);
    return Promise.resolve({ urn, state: { status } });
  },
};
