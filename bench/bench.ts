/** `npm run bench`: how fast Weft converges a mesh, against a script that makes the same one. */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import colors from "picocolors";
import { chooseParts, type Parts } from "../lab/engine/parts";
import { labConfig } from "../lab/engine/config";
import { ControlPlanes } from "./control-planes";
import { differences, type EndState, readEndState } from "./end-state";
import type { Measurement } from "./measure";
import { type Options, readOptions, type Setting, usage } from "./bench-options";
import { BOUNDED_READS, type Mocked, mockedReport, runMocked } from "./mocked";
import { report } from "./report";
import { criticalPath, type Operation, ratios, type Sample } from "./results";
import { runScript } from "./script";
import { stackFile, WeftStack } from "./weft";

class Bench {
  readonly samples: Sample[] = [];
  /** Why a measurement is missing or not to be trusted. */
  readonly failures: string[] = [];
  private current: ControlPlanes | undefined;
  private folders = 0;

  constructor(
    private readonly dir: string,
    private readonly parts: Parts,
  ) {}

  /** A failure leaves the measurements of other meshes alone. */
  async tryAll(setting: Setting, clusters: number): Promise<void> {
    try {
      await this.measureAll(setting, clusters);
    } catch (error) {
      const failure = `${setting}, ${clusters}: ${error instanceof Error ? error.message : String(error)}`;
      this.failures.push(failure);
      console.error(colors.red(failure));
    }
  }

  private async measureAll(setting: Setting, clusters: number): Promise<void> {
    const woven = await this.measureWeft(setting, clusters);
    if (clusters === 1) await this.measureWithGateway(setting);
    const scripted = await this.measureScript(setting, clusters);
    const differ = woven.flatMap((state, i) =>
      differences(state, scripted[i]!).map((line) => `cluster${i + 1}: ${line}`),
    );
    if (differ.length > 0) {
      throw new Error(`The script's mesh of ${clusters} is not Weft's:\n${differ.join("\n")}`);
    }
  }

  /** Stops what still runs: for whoever ends the benchmark half-way. */
  async stop(): Promise<void> {
    await this.current?.stop();
    this.current = undefined;
  }

  private async measureWeft(setting: Setting, count: number): Promise<EndState[]> {
    const planes = await this.start(setting);
    const stack = new WeftStack(this.folder("weft"), this.parts, stackFile());
    const up = (operation: Operation, clusters: number) =>
      this.measure(planes, { setting, clusters: count, operation }, () =>
        stack.up(operation.replace(" ", "-"), planes.clusters.slice(0, clusters)),
      );

    await planes.scale(count);
    await up("converge", count);
    const state = await Promise.all(planes.clusters.map(readEndState));
    await up("no-op", count);
    await planes.scale(count + 1);
    await up("add one", count + 1);
    await up("remove one", count);
    await this.stop();
    return state;
  }

  private async measureWithGateway(setting: Setting): Promise<void> {
    const planes = await this.start(setting);
    const stack = new WeftStack(this.folder("weft"), this.parts, stackFile({ ingress: true }));
    await planes.scale(1);
    await this.measure(planes, { setting, clusters: 1, operation: "with gateway" }, () =>
      stack.up("with-gateway", planes.clusters),
    );
    await this.stop();
  }

  private async measureScript(setting: Setting, count: number): Promise<EndState[]> {
    const planes = await this.start(setting);
    const clusters = await planes.scale(count);
    await this.measure(planes, { setting, clusters: count, operation: "script" }, () =>
      runScript({ dir: this.folder("script"), clusters, parts: this.parts, kubeconfig: planes.kubeconfig }),
    );
    const state = await Promise.all(clusters.map(readEndState));
    await this.stop();
    return state;
  }

  private async start(setting: Setting): Promise<ControlPlanes> {
    await this.stop();
    this.current = new ControlPlanes(this.folder("lab"), setting, this.parts.istiods);
    return this.current;
  }

  private async measure(
    planes: ControlPlanes,
    key: Pick<Sample, "setting" | "clusters" | "operation">,
    run: () => Promise<Measurement>,
  ): Promise<void> {
    const before = planes.cpuSeconds();
    const measured = await run();
    const sample = { ...key, ...measured, controlPlaneCpuSeconds: planes.cpuSeconds() - before };
    this.samples.push(sample);
    console.log(
      colors.dim(`${key.setting}, ${key.clusters}: ${key.operation} ${sample.seconds.toFixed(1)} s`),
    );
  }

  private folder(kind: string): string {
    return path.join(this.dir, `${kind}-${++this.folders}`);
  }
}

async function main(options: Options): Promise<void> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), "weft-bench-"));
  const line = (text: string) => console.log(colors.dim(text));
  const { istio, plugins } = labConfig(stackFile(), {});
  const programs = ["helm", "kubectl"] as const;
  const parts = await chooseParts({ dir: path.join(dir, "parts"), plugins, istio, programs, report: line });
  console.log(parts.summary);

  const bench = new Bench(dir, parts);
  const cleanUp = async () => {
    await bench.stop();
    await fs.rm(dir, { recursive: true, force: true });
  };
  process.once("SIGINT", () => void cleanUp().finally(() => process.exit(130)));
  const startedAt = new Date().toISOString();
  try {
    for (let run = 0; run < options.runs; run++) {
      for (const setting of options.settings) {
        for (const clusters of options.clusters) await bench.tryAll(setting, clusters);
      }
    }
  } finally {
    await cleanUp();
  }

  const { samples, failures } = bench;
  const result = {
    ...circumstances(startedAt),
    parts: parts.summary,
    failures,
    ratios: ratios(samples),
    samples: samples.map((sample) => ({
      ...sample,
      ...(sample.timeline && { criticalPath: criticalPath(sample.timeline) }),
    })),
  };
  await write(options, result, report(samples));
  if (failures.length > 0) process.exitCode = 1;
}

async function mainMocked(options: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const samples: Mocked[] = [];
  for (const reads of [BOUNDED_READS, undefined]) {
    for (const clusters of options.clusters) samples.push(await runMocked(clusters, reads));
  }
  await write(options, { ...circumstances(startedAt), samples }, mockedReport(samples));
}

async function write({ out }: Options, result: object, tables: string): Promise<void> {
  await fs.mkdir(path.dirname(out), { recursive: true });
  await fs.writeFile(out, `${JSON.stringify(result, null, 2)}\n`);
  console.log(`${tables}\n${out}`);
}

function circumstances(startedAt: string) {
  const command = `npm run bench -- ${process.argv.slice(2).join(" ")}`.trim();
  return { startedAt, command, machine: machine() };
}

function machine(): string {
  const cpus = os.cpus();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${cpus.length} x ${cpus[0]?.model.trim()}, ${memory} GiB, ${os.type()} ${os.release()}, Node ${process.version}`;
}

function options(): Options {
  try {
    const read = readOptions(process.argv.slice(2));
    if (read !== "help") return read;
    console.log(usage);
    process.exit(0);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
}

const given = options();
(given.mocks ? mainMocked(given) : main(given)).catch((error: unknown) => {
  console.error(colors.red(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
});
