import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { SampleConfig } from "../../mesh/schema";
import { injection, managedByWeft, namespaceMetadata } from "../kubernetes";
import { workloads, type Workload } from "./workloads";

export interface SampleArgs {
  config: SampleConfig;
  /** Place of the member among all, sorted by name: decides about the version of helloworld. */
  position: number;
  /** `istio.io/rev` of the istiod that injects the pods; default: the one without a revision. */
  revision?: string;
  /** What its pods need to start: the istiod that injects them. */
  after: pulumi.Resource[];
}

const namespaceName = "sample";

/** Workloads by which one sees that members reach each other: namespace `sample` with helloworld, nginx and curl. */
export class Sample extends pulumi.ComponentResource {
  constructor(name: string, args: SampleArgs, opts?: pulumi.ComponentResourceOptions) {
    super("weft:sample:Sample", name, {}, opts);
    const { config, position, revision, after } = args;

    const namespace = new kubernetes.core.v1.Namespace(
      `${name}-namespace`,
      {
        metadata: namespaceMetadata(namespaceName, config, {
          labels: { ...managedByWeft, ...injection(revision) },
        }),
      },
      { parent: this },
    );

    for (const workload of workloads(position, config.images)) {
      const { app } = workload.labels;
      const metadata = { namespace: namespaceName, labels: { ...managedByWeft, ...workload.labels } };
      const deployment = new kubernetes.apps.v1.Deployment(
        `${name}-${workload.name}`,
        {
          metadata: { ...metadata, name: workload.name },
          spec: {
            replicas: 1,
            selector: { matchLabels: workload.labels },
            template: {
              metadata: { labels: workload.labels },
              spec: { containers: [containerOf(workload)] },
            },
          },
        },
        { parent: this, dependsOn: [namespace, ...after] },
      );
      if (workload.port === undefined) continue;
      new kubernetes.core.v1.Service(
        `${name}-${app}-service`,
        {
          metadata: { ...metadata, name: app, labels: { ...managedByWeft, app } },
          spec: { selector: { app }, ports: [{ name: "http", port: workload.port }] },
        },
        // The provider waits for a Service's endpoints, and there are none before the pods.
        { parent: this, dependsOn: deployment },
      );
    }
    this.registerOutputs();
  }
}

function containerOf({ labels, image, port, command }: Workload): kubernetes.types.input.core.v1.Container {
  return {
    name: labels.app,
    image,
    ...(command && { command }),
    ...(port && { ports: [{ name: "http", containerPort: port }] }),
    resources: { requests: { cpu: "10m", memory: "32Mi" } },
  };
}
