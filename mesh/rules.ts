/** What must hold across the keys of a stack config. */
import { withDefaults, type ClusterEntry } from "./defaults";
import type { Problem } from "./problems";
import { accessProblems } from "./rules/access";
import { metallbProblems } from "./rules/metallb-addresses";
import { chartProblems } from "./rules/charts";
import { evictionProblems } from "./rules/eviction";
import { gatewayProblems } from "./rules/gateways";
import { istioProblems } from "./rules/istio";
import { nameProblems } from "./rules/names";
import { namespaceProblems } from "./rules/namespaces";
import { roleProblems } from "./rules/roles";
import { memberTrustProblems } from "./rules/member-trust";
import { meshTrustProblems } from "./rules/mesh-trust";
import type { Stack } from "./rules/stack";
import { meshSchema, type ClusterConfig, type MeshConfig } from "./schema";

/** One entry of the list, parsed as far as it goes. */
export interface Entry {
  path: string;
  written: unknown;
  /** Undefined where the schema refuses the entry. */
  cluster?: ClusterConfig;
}

/** A stack config as far as it parses. */
export interface Draft {
  /** Undefined where the schema refuses it. */
  config?: MeshConfig;
  entries: Entry[];
  /** When certificates have to be valid. */
  now: Date;
}

/** All problems, in the order of the rules. Rules about `weft:mesh` are left out where it does not parse. */
export function brokenRules({ config, entries, now }: Draft): Problem[] {
  const parsed = entries.flatMap(({ path, cluster }) => (cluster === undefined ? [] : [{ path, cluster }]));
  const mesh = withDefaults(config ?? meshSchema.parse({}), parsed, now);
  const stays = ({ cluster }: ClusterEntry) => !mesh.config.evicting.includes(cluster.name);
  const listed = entries.flatMap(({ path, written }) => {
    const name = (written as { name?: unknown } | null)?.name;
    return typeof name === "string" ? [{ path, name }] : [];
  });
  const gone = mesh.config.evicting.filter((name) => !listed.some((entry) => entry.name === name));
  const stack: Stack = {
    mesh,
    clusters: parsed.filter(stays),
    names: [...listed, ...gone.map((name) => ({ path: "weft:mesh.evicting", name }))],
    complete: config !== undefined && parsed.length === entries.length && entries.length > 0,
    now,
  };
  const rules = [
    nameProblems,
    evictionProblems,
    roleProblems,
    accessProblems,
    gatewayProblems,
    namespaceProblems,
  ];
  const meshRules = [meshTrustProblems, memberTrustProblems, metallbProblems, istioProblems, chartProblems];
  const problems = [...rules, ...(config === undefined ? [] : meshRules)].flatMap((rule) => rule(stack));
  // Several members may run into one setting of the mesh.
  return [...new Map(problems.map((problem) => [JSON.stringify(problem), problem])).values()];
}
