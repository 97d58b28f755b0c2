import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

/** How long a real cluster takes, in seconds. Each is 0 by default: at once. */
export interface Delays {
  /** Until a pod of istiod starts. */
  readonly istiod: number;
  /** Until a pod of a gateway is ready. */
  readonly gateway: number;
  /** Until a Service of type LoadBalancer has its address. */
  readonly address: number;
  /** Until a pod sees that a Secret or ConfigMap that it mounts has changed. */
  readonly mount: number;
}

/** The first two bytes of the addresses that pods get, and Services of type LoadBalancer: `10.81`. */
export interface Ranges {
  readonly pods: string;
  readonly balancers: string;
}

/** KWOK's configuration: the stages in stages.yaml. */
export function kwokConfig({ pods, balancers }: Ranges, delays: Delays): string {
  const values: Record<string, string | number> = {
    podAddress: addressIn(pods, ".metadata.uid"),
    balancerAddress: addressIn(balancers, 'printf "%s/%s" .metadata.namespace .metadata.name'),
    istiodDelay: delays.istiod * 1000,
    gatewayDelay: delays.gateway * 1000,
    addressDelay: delays.address * 1000,
  };
  const text = readFileSync(join(__dirname, "stages.yaml"), "utf8");
  const filled = text.replace(/\$\{(\w+)\}/g, (_, name: string) => String(values[name]));
  const { stages } = parse(filled, { merge: true }) as { stages: unknown[] };
  return stages.map((stage) => stringify(stage, { aliasDuplicateObjects: false })).join("---\n");
}

/**
 * A template's expression: an address whose last two bytes come from a hash. KWOK's own `PodIPsWith` gives two pods the same address
 * when they are a node's first and come at once (`ipPool` in its pod_controller.go makes the node's pool twice), and after a restart.
 * @param of expression of the text that is hashed
 */
function addressIn(range: string, of: string): string {
  const hex = (from: number, to: number) =>
    `(int64 (printf "0x%s" (substr ${from} ${to} (sha256sum (${of})))))`;
  return `(printf "${range}.%d.%d" ${hex(0, 2)} (add 1 (mod ${hex(2, 6)} 254)))`;
}
