/** Reads a stack config and the clusters that it names, and says how the mesh in them becomes the stack's. Changes nothing. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { resolveKubeconfigs } from "../../clusters/kubeconfig";
import type { HelmValues } from "../../mesh/istio-values";
import { parseMesh } from "../../mesh/parse";
import { readConfig } from "../stack-config";
import { type Adoption, adoption, type Written } from "./adoption";
import type { FoundMember } from "./found";
import { type ImportFile, importFile } from "./import-file";
import { readFound } from "./read";

export interface Plan {
  adoption: Adoption;
  /** New text of the stack's file. No private key is in it. */
  stackFile: string;
  imports: ImportFile;
}

/**
 * @param stack `t`, or `org/weft/t`.
 * @param folder that of Pulumi.yaml. Default: the current one.
 * @throws ConfigError with every reason for which the mesh cannot be taken over.
 */
export async function planAdoption(stack: string, folder = process.cwd()): Promise<Plan> {
  const { file, config } = await readConfig(stack, folder);
  const known = writtenIn(config);
  // What is said of trust may be what this printed before: without the keys it does not parse.
  const mesh = parseMesh({
    mesh: withoutTrust(known.mesh),
    clusters: config["weft:clusters"] === undefined ? undefined : known.clusters.map(withoutTrust),
  });
  const found = await readFound(mesh, await resolveKubeconfigs(mesh));

  parseMesh(withKeys(adoption(mesh, found, known), found));
  const adopted = adoption(mesh, found, writtenIn(file.config));
  const document = parseDocument(file.text);
  document.setIn(["config", "weft:mesh"], document.createNode(adopted.config.mesh));
  document.setIn(["config", "weft:clusters"], document.createNode(adopted.config.clusters));
  return {
    adoption: adopted,
    stackFile: document.toString({ lineWidth: 0 }),
    imports: importFile({
      members: adopted.members,
      stack: stack.split("/").at(-1)!,
      project: (parse(await readFile(join(folder, "Pulumi.yaml"), "utf8")) as { name: string }).name,
      version: await providerVersion(),
    }),
  };
}

function writtenIn(config: Record<string, unknown>): Written {
  return {
    mesh: (config["weft:mesh"] ?? {}) as HelmValues,
    clusters: (config["weft:clusters"] ?? []) as HelmValues[],
  };
}

function withoutTrust({ trust: _, ...others }: HelmValues): HelmValues {
  return others;
}

/** As it will be once the keys are in it: what is wrong with the CAs is said now. */
function withKeys({ config, members }: Adoption, found: ReadonlyMap<string, FoundMember>): Written {
  return {
    mesh: config.mesh,
    clusters: config.clusters.map((cluster, index) => {
      const { intermediate } = cluster["trust"] as { intermediate: object };
      const { key } = found.get(members[index]!.member.name)!.cacerts!;
      return { ...cluster, trust: { intermediate: { ...intermediate, key } } };
    }),
  };
}

/** The program's own: another one in the state would be a change of every provider. */
async function providerVersion(): Promise<string> {
  const manifest = await readFile(require.resolve("@pulumi/kubernetes/package.json"), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
