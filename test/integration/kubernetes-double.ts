/** The double of the kubernetes provider at work on a cluster of its own, asked as the engine would ask it. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { ServiceError } from "@grpc/grpc-js";
import { startLab, stopLab } from "../../lab/control-plane";
import { ensureDoubles, ensureToolchain } from "../../lab/toolchain";
import { EngineLog } from "./engine-log";
import { type Json, type JsonObject, ProviderPlugin } from "./provider-plugin";

const report = () => undefined;

export const urnOf = (type: string, name: string) => `urn:pulumi:dev::weft::kubernetes:${type}::${name}`;

/** A resource as the engine would remember it. */
export interface Resource {
  readonly urn: string;
  readonly id: string;
  readonly inputs: JsonObject;
  readonly properties: JsonObject;
}

/** A cluster, the programs that look at it, and the engine's log. */
export class TestCluster {
  private constructor(
    /** A folder that goes with the cluster. */
    readonly dir: string,
    readonly kubeconfig: string,
    readonly log: EngineLog,
    readonly kubectl: (...args: string[]) => string,
    readonly helm: (...args: string[]) => string,
    private readonly program: string,
    private readonly engine: string,
  ) {}

  static async start(): Promise<TestCluster> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), "weft-doubles-"));
    const [clusters, doubles, programs] = await Promise.all([
      startLab({ dir, clusters: ["c1"], report }),
      ensureDoubles(["kubernetes"], { report }),
      ensureToolchain(["kubectl", "helm"], { report }),
    ]);
    const file = clusters[0]!.kubeconfig;
    const run =
      (command: string) =>
      (...args: string[]) =>
        execFileSync(command, ["--kubeconfig", file, ...args], { encoding: "utf8", stdio: "pipe" });
    const { log, address } = await EngineLog.listen();
    return new TestCluster(
      dir,
      fs.readFileSync(file, "utf8"),
      log,
      run(programs.kubectl),
      run(programs.helm),
      path.join(doubles, "pulumi-resource-kubernetes"),
      address,
    );
  }

  async stop(): Promise<void> {
    this.log.close();
    await stopLab(this.dir);
    fs.rmSync(this.dir, { recursive: true, force: true });
  }

  /** @param settings of the provider, as the engine passes them on: texts */
  async double(settings: Record<string, string> = {}): Promise<Double> {
    const plugin = await ProviderPlugin.start(this.program, this.engine);
    const variables: JsonObject = {};
    for (const [key, value] of Object.entries({ kubeconfig: this.kubeconfig, ...settings })) {
      variables[`kubernetes:config:${key}`] = value;
    }
    await plugin.call("Configure", { acceptSecrets: true, variables });
    return new Double(plugin);
  }

  /** A kubeconfig of a cluster that is not there. */
  get nowhere(): string {
    return this.kubeconfig.replace(/server: .*/, "server: https://127.0.0.1:9");
  }

  /** Name of a file that holds the object. */
  file(object: JsonObject): string {
    const name = path.join(this.dir, "object.json");
    fs.writeFileSync(name, JSON.stringify(object));
    return name;
  }
}

export class Double {
  constructor(readonly plugin: ProviderPlugin) {}

  async check(urn: string, news: JsonObject, olds: JsonObject = {}): Promise<JsonObject> {
    const answer = await this.plugin.call("Check", { urn, olds, news });
    if (answer.failuresList !== undefined) throw new Error(JSON.stringify(answer.failuresList));
    return answer.inputs as JsonObject;
  }

  /** @param timeout in seconds */
  async create(type: string, name: string, news: JsonObject, timeout = 60): Promise<Resource> {
    const urn = urnOf(type, name);
    const inputs = await this.check(urn, news);
    const { id, properties } = await this.plugin.call("Create", { urn, properties: inputs, timeout });
    return { urn, id: id as string, inputs, properties: properties as JsonObject };
  }

  /** @returns the new properties */
  async update({ urn, id, inputs, properties }: Resource, wanted: JsonObject): Promise<JsonObject> {
    const news = await this.check(urn, wanted, inputs);
    const answer = await this.plugin.call("Update", { urn, id, olds: properties, oldInputs: inputs, news });
    return answer.properties as JsonObject;
  }

  /** @param timeout in seconds */
  remove({ urn, id, properties, inputs }: Resource, timeout = 60): Promise<JsonObject> {
    return this.plugin.call("Delete", { urn, id, properties, oldInputs: inputs, timeout });
  }

  read({ urn, id, properties, inputs }: Resource): Promise<JsonObject> {
    return this.plugin.call("Read", { urn, id, properties, inputs });
  }

  preview(urn: string, properties: JsonObject): Promise<JsonObject> {
    return this.plugin.call("Create", { urn, properties, preview: true });
  }
}

/** The error that the engine would show. */
export async function failure(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "it did not fail",
    (error: ServiceError) => error.details,
  );
}

export function deployment(name: string, pod: JsonObject = {}): JsonObject {
  const labels = { app: name };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "default" },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "a", image: "a" }], ...pod } },
    },
  };
}

/** No node has it, so that Pods that ask for it never run. */
export const unschedulable: JsonObject = { nodeSelector: { no: "node" } };

export const get = (value: Json | undefined, ...keys: string[]): Json =>
  keys.reduce<Json>((inner, key) => (inner as JsonObject | null)?.[key] ?? null, value ?? null);
