/** Measures script.sh: the same mesh by openssl, kubectl and helm, with the Helm values that Weft gives. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { stringify } from "yaml";
import { chartArgs } from "../components/chart";
import { eastWestValues } from "../components/gateway/gateway-chart-values";
import { baseValues, primaryValues } from "../components/mesh-member/istio-chart-values";
import type { LabCluster } from "../lab/control-plane";
import { labConfig } from "../lab/engine/config";
import type { Parts } from "../lab/engine/parts";
import { projectRoot } from "../lab/engine/stack";
import { ensureToolchain } from "../lab/toolchain";
import { mergeValues } from "../mesh/istio-values";
import type { MeshSpec, Member } from "../mesh/mesh-spec";
import { parseMesh } from "../mesh/parse";
import { exposesIstiod } from "../mesh/topology";
import { type Measurement, measure } from "./measure";
import { stackFile } from "./weft";

export interface ScriptArgs {
  /** Folder for certificates, values and the log; made when it is not there. */
  dir: string;
  clusters: LabCluster[];
  parts: Parts;
  /** Kubeconfig with a context for each cluster. */
  kubeconfig: string;
}

export async function runScript({ dir, clusters, parts, kubeconfig }: ScriptArgs): Promise<Measurement> {
  const config = labConfig(stackFile(), { clusters: clusters.length }).config(clusters, parts);
  const mesh = parseMesh({ mesh: config["weft:mesh"], clusters: config["weft:clusters"] });
  await fs.mkdir(dir, { recursive: true, mode: 0o700 });
  for (const [name, contents] of Object.entries(inputs(mesh))) {
    await fs.writeFile(path.join(dir, name), contents);
  }
  const { helm, kubectl } = await ensureToolchain(["helm", "kubectl"], { report: () => {} });
  const programs = [path.dirname(helm), path.dirname(kubectl), process.env.PATH];
  return measure({
    command: [path.join(__dirname, "script.sh"), kubeconfig, dir, ...clusters.map(({ name }) => name)],
    cwd: projectRoot,
    // Nothing of the user's own Helm set-up or kubectl cache, and nothing into it.
    env: {
      ...process.env,
      PATH: programs.join(path.delimiter),
      HELM_CACHE_HOME: path.join(dir, "helm/cache"),
      HELM_CONFIG_HOME: path.join(dir, "helm/config"),
      HELM_DATA_HOME: path.join(dir, "helm/data"),
      KUBECACHEDIR: path.join(dir, "kubectl"),
    },
    log: path.join(dir, "log"),
  });
}

/** Files that the script reads, by name. */
export function inputs(mesh: MeshSpec): Record<string, string> {
  const charts = ["base", "istiod", "gateway"].map((chart) => [`${chart}-chart`, helmArgs(mesh, chart)]);
  const members = mesh.members.flatMap((member) => [
    [`${member.name}-network`, member.network],
    [`${member.name}-base.yaml`, stringify(baseValues({ role: member.role }))],
    [`${member.name}-istiod.yaml`, stringify(istiodValues(mesh, member))],
    [
      `${member.name}-gateway.yaml`,
      stringify(
        eastWestValues({
          network: member.network,
          exposesIstiod: exposesIstiod(mesh, member.name),
          service: member.eastWest.service,
        }),
      ),
    ],
  ]);
  return Object.fromEntries([...charts, ...members]) as Record<string, string>;
}

function helmArgs(mesh: MeshSpec, name: string): string {
  const { chart, version, repositoryOpts } = chartArgs(
    mesh.config.istio.charts,
    name,
    mesh.members[0]!.istio.version,
  ) as {
    chart: string;
    version?: string;
    repositoryOpts?: { repo: string };
  };
  return [
    chart,
    ...(version ? ["--version", version] : []),
    ...(repositoryOpts ? ["--repo", repositoryOpts.repo] : []),
  ].join(" ");
}

function istiodValues({ config }: MeshSpec, { name, network, istio }: Member) {
  const ours = primaryValues({
    meshId: config.id,
    cluster: name,
    network,
    trustDomain: config.trustDomain,
    servesRemotes: false,
  });
  return mergeValues(ours, istio.values);
}
