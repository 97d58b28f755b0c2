/**
 * The stack config: what may be written, what it means, what holds where nothing is written.
 * What concerns more than one key (a remote and its primary, two members of one name) is in rules.ts.
 */
import { z } from "zod";
import type { charts } from "./schema/charts";
import { clusterSchema } from "./schema/cluster";
import type { eastWest, ingress, service } from "./schema/gateways";
import { meshSchema, type loadBalancer, type sample } from "./schema/mesh";
import type { keyAlgorithm, rootSource } from "./schema/authorities";

export { clusterSchema } from "./schema/cluster";
export { prose, secrets } from "./schema/forms";
export { meshSchema } from "./schema/mesh";
export type { NamespaceMetadata } from "./schema/namespace";

export const stackSchema = z.strictObject({
  mesh: meshSchema.prefault({}),
  clusters: z.array(clusterSchema).min(1, { error: "at least one cluster" }),
});

export type MeshConfig = z.output<typeof meshSchema>;
export type ClusterConfig = z.output<typeof clusterSchema>;
/** What a person writes: defaults left out. */
export type StackInput = z.input<typeof stackSchema>;
export type ChartSource = z.output<typeof charts>;
export type GatewayService = z.output<typeof service>;
export type EastWestConfig = z.output<typeof eastWest>;
export type IngressConfig = z.output<typeof ingress>;
export type KeyAlgorithm = z.output<typeof keyAlgorithm>;
export type RootSource = z.output<typeof rootSource>;
export type SampleConfig = z.output<typeof sample>;
export type LoadBalancerConfig = z.output<typeof loadBalancer>;
