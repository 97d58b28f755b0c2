/** Fresh control planes for one measurement: never used before, and at rest when the clock starts. */
import * as fs from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { type LabCluster, startLab, stopLab } from "../lab/control-plane";
import { layout } from "../lab/control-plane/commands";
import type { Delays } from "../lab/control-plane/stages";
import { readState } from "../lab/control-plane/state";
import type { Setting } from "./bench-options";
import { cpuSeconds } from "./process-tree";

/** In seconds. `delayed` is what these take in real clusters: image pulls and a cloud's load balancer included. */
export const delays: Record<Setting, Delays> = {
  instant: { istiod: 0, gateway: 0, address: 0, mount: 0 },
  delayed: { istiod: 15, gateway: 10, address: 20, mount: 60 },
};

export class ControlPlanes {
  clusters: LabCluster[] = [];

  /**
   * @param dir of the lab; made when it is not there.
   * @param istiods folder of the istiods that its pods may run.
   */
  constructor(
    private readonly dir: string,
    private readonly setting: Setting,
    private readonly istiods: string,
  ) {}

  /** Kubeconfig with a context for each cluster. */
  get kubeconfig(): string {
    return layout.merged(this.dir);
  }

  /** Brings their number to `count`: cluster1, cluster2, … */
  async scale(count: number): Promise<LabCluster[]> {
    const names = Array.from({ length: count }, (_, i) => `cluster${i + 1}`);
    this.clusters = await startLab({
      dir: this.dir,
      clusters: names,
      report: () => {},
      istiods: this.istiods,
      delays: delays[this.setting],
    });
    await this.rest();
    return this.clusters;
  }

  async stop(): Promise<void> {
    await stopLab(this.dir);
    await fs.rm(this.dir, { recursive: true, force: true });
  }

  /** CPU time of all of them since they started, in seconds. */
  cpuSeconds(): number {
    const state = readState(this.dir);
    const daemons = Object.values(state?.clusters ?? {}).flatMap((cluster) => Object.values(cluster.daemons));
    return cpuSeconds([state?.etcd.daemon, ...daemons].flatMap((daemon) => (daemon ? [daemon.pid] : [])));
  }

  /** Waits until they are at rest: what follows their start is not part of any measurement. */
  private async rest(): Promise<void> {
    for (let second = 0; second < REST_SECONDS; second++) {
      const before = this.cpuSeconds();
      await sleep(1000);
      if (this.cpuSeconds() - before < RESTING_CPU * this.clusters.length) return;
    }
  }
}

/** CPU seconds per second and cluster below which a control plane counts as at rest. */
const RESTING_CPU = 0.1;
/** How long that is waited for. */
const REST_SECONDS = 30;
