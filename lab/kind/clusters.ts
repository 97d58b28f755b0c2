/** Clusters of kind, each a node in a container. Theirs are those whose name starts with `weft-`; others are left alone. */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { promisify } from "node:util";
import { parse, stringify } from "yaml";
import { LabError } from "../error";
import { ingressPorts, type KindCluster } from "./config";
import type { ContainerEngine } from "./engine";

const prefix = "weft-";
/** Longest wait for a control plane. */
const ready = "180s";

export class Kind {
  /**
   * @param dir folder for kubeconfigs; made when it is not there.
   */
  constructor(
    private readonly dir: string,
    private readonly engine: ContainerEngine,
  ) {}

  /** Names of the members whose clusters are there. */
  async present(): Promise<string[]> {
    const listed = (await this.run("get", "clusters")).split("\n").map((line) => line.trim());
    return listed.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  }

  /**
   * Makes sure that a member's cluster is there.
   * @param hasIngress the host's ports 80 and 443 lead to it. Only a cluster that is created now gets them.
   */
  async ensure(member: string, hasIngress: boolean, isPresent: boolean): Promise<KindCluster> {
    const name = prefix + member;
    const kubeconfig = path.join(this.dir, `${member}.kubeconfig`);
    await fs.mkdir(this.dir, { recursive: true, mode: 0o700 });
    if (isPresent) {
      await this.run("export", "kubeconfig", "--name", name, "--kubeconfig", kubeconfig);
    } else {
      const config = path.join(this.dir, `${member}.yaml`);
      await fs.writeFile(config, stringify(clusterConfig(hasIngress)));
      await this.run(
        ...["create", "cluster", "--name", name, "--config", config],
        ...["--kubeconfig", kubeconfig, "--wait", ready],
      );
    }
    return { name: member, context: `kind-${name}`, kubeconfig, apiServer: await this.internalServer(name) };
  }

  async delete(member: string): Promise<void> {
    const kubeconfig = path.join(this.dir, `${member}.kubeconfig`);
    await this.run("delete", "cluster", "--name", prefix + member, "--kubeconfig", kubeconfig);
    await fs.rm(kubeconfig, { force: true });
  }

  /** The API server's address on the containers' network. The kubeconfig of the host has one on loopback. */
  private async internalServer(name: string): Promise<string> {
    const text = await this.run("get", "kubeconfig", "--internal", "--name", name);
    const { clusters } = parse(text) as { clusters: { cluster: { server: string } }[] };
    return clusters[0]!.cluster.server;
  }

  private async run(...args: string[]): Promise<string> {
    try {
      const env = { ...process.env, ...this.engine.env };
      return (await promisify(execFile)("kind", args, { env })).stdout;
    } catch (error) {
      const { code, stderr = "" } = error as { code?: unknown; stderr?: string };
      if (code === "ENOENT") {
        throw new LabError(
          "There is no program `kind` on PATH: see https://kind.sigs.k8s.io/docs/user/quick-start/#installation, or run `npm start` without --kind.",
        );
      }
      throw new LabError(`kind ${args.slice(0, 2).join(" ")} failed:\n${stderr.trim()}`);
    }
  }
}

/** https://kind.sigs.k8s.io/docs/user/configuration/#extra-port-mappings */
export function clusterConfig(hasIngress: boolean): object {
  const extraPortMappings = ingressPorts.map(({ host, node }) => ({ hostPort: host, containerPort: node }));
  return {
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    nodes: [{ role: "control-plane", ...(hasIngress && { extraPortMappings }) }],
  };
}
