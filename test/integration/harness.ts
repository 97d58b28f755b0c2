/** What the integration tests share: a lab of their own in a temporary folder, and its mesh through the real engine. */
import { spawnSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import {
  CoreV1Api,
  CustomObjectsApi,
  DiscoveryV1Api,
  type KubeConfig,
  KubernetesObjectApi,
  type V1Secret,
} from "@kubernetes/client-node";
import { type LabCluster, startLab, stopLab } from "../../lab/control-plane";
import { readState } from "../../lab/control-plane/state";
import { defaultIstio } from "../../lab/engine/config";
import { type Parts, type Plugin, chooseParts } from "../../lab/engine/parts";
import { PatientConfig } from "../patient-config";
import { Operator, type OperationOptions, TestStack } from "./operator";

export const namespace = "istio-system";

/** Operations of the engine that change nothing in a cluster. */
const unchanging = ["same", "read", "read-discard", "discard", "refresh"];

/** One line of an update, as the engine told it. */
export interface Change {
  op: string;
  name: string;
  type: string;
  urn: string;
}

export class TestMesh {
  private readonly operator = new Operator();

  private constructor(
    readonly dir: string,
    readonly parts: Parts,
    private clusters: LabCluster[],
    /** Everything that the engine printed or reported, in order. */
    readonly transcript: string[] = [],
  ) {}

  /** Starts control planes with these names. */
  static async start(names: string[], plugins: Plugin[] = ["kubernetes", "tls"]): Promise<TestMesh> {
    const dir = await fs.mkdtemp(path.join(os.tmpdir(), "weft-test-"));
    const transcript: string[] = [];
    const report = (line: string) => void transcript.push(line);
    const parts = await chooseParts({ dir, plugins, istio: defaultIstio, report });
    const clusters = await startLab({ dir, clusters: names, report });
    return new TestMesh(dir, parts, clusters, transcript);
  }

  async stop(): Promise<void> {
    this.operator.stop();
    // They outlive an engine that was killed.
    this.kill("pulumi-resource-[a-z-]+");
    await stopLab(this.dir);
    await fs.rm(this.dir, { recursive: true, force: true });
  }

  /** SIGKILL to the program that runs, or to what runs from this lab's folder of programs: `pulumi up`, a provider. */
  kill(victim: "program" | (string & {})): void {
    if (victim === "program") this.operator.kill();
    else spawnSync("pkill", ["-KILL", "-f", `^${this.parts.bin}/${victim} `]);
  }

  /** Ctrl-C in the terminal of `pulumi up`. */
  interrupt(): void {
    spawnSync("pkill", ["-INT", "-f", `^${this.parts.bin}/pulumi up `]);
  }

  /** From now on `pulumi up` can write no file beyond this size, in bytes, as on a disk that is full. Linux alone can do that. */
  limitFiles(bytes: number): void {
    const { stdout } = spawnSync("pgrep", ["-f", `^${this.parts.bin}/pulumi up `], { encoding: "utf8" });
    const { status, stderr } = spawnSync("prlimit", ["--pid", stdout.trim(), `--fsize=${bytes}`], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(stderr);
  }

  /** Whether such a program runs from this lab's folder of programs. */
  isRunning(program: string): boolean {
    return spawnSync("pgrep", ["-f", `^${this.parts.bin}/${program} `]).status === 0;
  }

  /** The stack with this mesh; entries of `clusters` get their lab cluster's kubeconfig by name. */
  async stack(
    clusters: { name: string; [key: string]: unknown }[],
    mesh: Record<string, unknown> = {},
  ): Promise<TestStack> {
    return this.open({
      stack: "test",
      config: {
        "pulumi:disable-default-providers": ["kubernetes"],
        "weft:mesh": {
          ...mesh,
          istio: { ...this.parts.istio, ...(mesh.istio as object | undefined) },
          remoteAccess: { allowLoopback: true, ...(mesh.remoteAccess as object | undefined) },
        },
        "weft:clusters": clusters.map((entry) => ({
          kubeconfigPath: this.cluster(entry.name).kubeconfig,
          ...entry,
        })),
      },
    });
  }

  /** A stack of any config, of a program in a file: one that exports a program as its default. */
  open(args: { stack: string; config: Record<string, unknown>; program?: string }): Promise<TestStack> {
    return TestStack.open(this.operator, { dir: this.dir, bin: this.parts.bin, ...args });
  }

  cluster(name: string): LabCluster {
    const cluster = this.clusters.find((candidate) => candidate.name === name);
    if (!cluster) throw new Error(`no lab cluster ${name}`);
    return cluster;
  }

  /** Does it while the API server of a cluster takes connections and says nothing. */
  async whileSilent<T>(cluster: string, work: () => Promise<T>): Promise<T> {
    const { pid } = readState(this.dir)!.clusters[cluster]!.daemons["kube-apiserver"]!;
    process.kill(pid, "SIGSTOP");
    try {
      return await work();
    } finally {
      process.kill(pid, "SIGCONT");
    }
  }

  /** Runs one engine operation; returns what it changed, in order of completion. */
  async record(operation: (options: OperationOptions) => Promise<unknown>): Promise<Change[]> {
    const changes: Change[] = [];
    await operation({
      parallel: 64,
      onOutput: (text) => void this.transcript.push(text),
      onError: (text) => void this.transcript.push(text),
      onEvent: (event) => {
        // Pulumi's SDK sends the engine every answer in full, to be shown with --debug alone.
        if (event.diagnosticEvent?.prefix !== "debug: ") this.transcript.push(JSON.stringify(event));
        const metadata = event.resOutputsEvent?.metadata;
        if (
          metadata &&
          metadata.new?.custom !== false &&
          metadata.old?.custom !== false &&
          !unchanging.includes(metadata.op)
        ) {
          changes.push({
            op: metadata.op,
            name: metadata.urn.slice(metadata.urn.lastIndexOf("::") + 2),
            type: metadata.type,
            urn: metadata.urn,
          });
        }
      },
    });
    return changes;
  }

  config(name: string): KubeConfig {
    return kubeConfig(this.cluster(name).kubeconfig);
  }

  core(name: string): CoreV1Api {
    return this.config(name).makeApiClient(CoreV1Api);
  }

  objects(name: string): KubernetesObjectApi {
    return KubernetesObjectApi.makeApiClient(this.config(name));
  }

  custom(name: string): CustomObjectsApi {
    return this.config(name).makeApiClient(CustomObjectsApi);
  }

  secret(cluster: string, name: string): Promise<V1Secret> {
    return this.core(cluster).readNamespacedSecret({ name, namespace });
  }
}

export function kubeConfig(file: string): KubeConfig {
  const config = new PatientConfig();
  config.loadFromFile(file);
  return config;
}

export function kubeConfigFrom(contents: string): KubeConfig {
  const config = new PatientConfig();
  config.loadFromString(contents);
  return config;
}

export const discovery = (config: KubeConfig): DiscoveryV1Api => config.makeApiClient(DiscoveryV1Api);

/** The values of a Secret, decoded. */
export function decoded(secret: V1Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(secret.data ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]),
  );
}

/** The HTTP status with which an API server refuses, or 200. */
export async function statusOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (error) {
    const { code } = error as { code?: number };
    if (typeof code !== "number") throw error;
    return code;
  }
}
