/** Measures Weft: each `up` is a process of its own, on control planes that were there before it started. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { LabCluster } from "../lab/control-plane";
import { labConfig, type StackFile } from "../lab/engine/config";
import type { Parts } from "../lab/engine/parts";
import { projectRoot } from "../lab/engine/stack";
import { type Measurement, measure } from "./measure";
import type { Timeline, UpRequest } from "./up";

/** Stack config for so many members, each a primary on a network of its own. */
export function stackFile({ ingress = false } = {}): StackFile {
  // A member that is listed keeps what is said of it when labConfig continues the list.
  const first = { name: "cluster1", network: "network1", ...(ingress && { ingress: {} }) };
  return { config: { "pulumi:disable-default-providers": ["kubernetes"], "weft:clusters": [first] } };
}

export interface UpMeasurement extends Measurement {
  timeline: Timeline;
}

export class WeftStack {
  /** @param dir of the stack's state; may not be there yet. */
  constructor(
    private readonly dir: string,
    private readonly parts: Parts,
    private readonly file: StackFile,
  ) {}

  /** One `up` for these clusters. */
  async up(name: string, clusters: LabCluster[]): Promise<UpMeasurement> {
    await fs.mkdir(this.dir, { recursive: true });
    const inDir = (file: string) => path.join(this.dir, `${name}.${file}`);
    const request: UpRequest = {
      dir: this.dir,
      bin: this.parts.bin,
      config: labConfig(this.file, { clusters: clusters.length }).config(clusters, this.parts),
      timeline: inDir("timeline.json"),
    };
    await fs.writeFile(inDir("request.json"), JSON.stringify(request), { mode: 0o600 });
    const measured = await measure({
      command: [process.execPath, "--import", "tsx", path.join(__dirname, "up.ts"), inDir("request.json")],
      cwd: projectRoot,
      env: process.env,
      log: inDir("log"),
    });
    return { ...measured, timeline: JSON.parse(await fs.readFile(request.timeline, "utf8")) as Timeline };
  }
}
