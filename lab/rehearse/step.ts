/** What a step asks for, and what of it a lab cannot show. Pure. */
import { isDeepStrictEqual } from "node:util";
import { isMap } from "../../mesh/istio-values";
import { hasOwnCas, type Json, type StackConfig } from "./config";

export interface Step {
  joining: string[];
  leaving: string[];
  /** Paths that change, by member. */
  changing: Record<string, string[]>;
  /** Paths of `weft:mesh` that change. */
  mesh: string[];
}

const empty: StackConfig = { mesh: {}, clusters: [] };

export function stepBetween(before: StackConfig = empty, after: StackConfig): Step {
  const [old, now] = [byName(before), byName(after)];
  const staying = [...now.keys()].filter((name) => old.has(name)).sort();
  const changing = staying
    .map((name) => [name, differingPaths(old.get(name), now.get(name))] as const)
    .filter(([, paths]) => paths.length > 0);
  return {
    joining: [...now.keys()].filter((name) => !old.has(name)).sort(),
    leaving: [...old.keys()].filter((name) => !now.has(name)).sort(),
    changing: Object.fromEntries(changing),
    mesh: differingPaths(before.mesh, after.mesh),
  };
}

export function changesNothing({ joining, leaving, changing, mesh }: Step): boolean {
  return joining.length + leaving.length + Object.keys(changing).length + mesh.length === 0;
}

/** Members whose peers reach their API servers in another way after the step. */
export function movedApiServers({ changing }: Step): string[] {
  return Object.keys(changing).filter((name) => changing[name]!.includes("apiServer"));
}

/** What the rehearsal leaves out, in sentences. */
export function notRehearsed(step: Step, after: StackConfig): string[] {
  const { mesh } = after;
  const changedIn = (path: RegExp) =>
    Object.keys(step.changing).filter((name) => step.changing[name]!.some((p) => path.test(p)));
  const about = (names: string[], text: string) =>
    names.length === 0 ? [] : [`${names.join(", ")}: ${text}`];
  const loadBalancer = isMap(mesh.loadBalancer) ? mesh.loadBalancer : {};
  return [
    ...(mesh.membership === undefined
      ? []
      : [
          "Members that the management cluster names by label: they are not in stack config, so none of them takes part.",
        ]),
    ...(hasOwnCas(after)
      ? [
          "Your own certificates: stand-ins take their place, and nobody is revoked. `pulumi preview` checks whether yours are valid.",
        ]
      : []),
    ...about(
      changedIn(/^(context|kubeconfig|kubeconfigPath)$/),
      "another way into the cluster; taken for the same cluster.",
    ),
    ...about(
      changedIn(/^eastWest\.service\.annotations/),
      "what the cloud makes of the load balancer's annotations. Many replace it, and its address with it.",
    ),
    ...about(changedIn(/^eastWest\.addresses$/), "whether the new addresses lead to the gateway."),
    ...about(
      changedIn(/^addresses$/),
      "whether the gateway keeps its address: MetalLB may replace one that is not in the new pool.",
    ),
    ...(loadBalancer.network === undefined
      ? []
      : ["Addresses of the container network (`weft:mesh.loadBalancer.network`): others take their place."]),
  ];
}

function byName({ clusters }: StackConfig): Map<string, Json> {
  return new Map(clusters.map((entry) => [entry.name as string, entry]));
}

/** Paths at which two values differ, sorted; never the values. Lists are compared as a whole, and no map is like an empty one. */
function differingPaths(before: unknown, after: unknown, path = ""): string[] {
  if ([before, after].some(isMap) && [before, after].every((value) => value === undefined || isMap(value))) {
    const [old, now] = [before ?? {}, after ?? {}] as [Json, Json];
    return [...new Set([...Object.keys(old), ...Object.keys(now)])]
      .sort()
      .flatMap((key) => differingPaths(old[key], now[key], path === "" ? key : `${path}.${key}`));
  }
  return isDeepStrictEqual(before, after) ? [] : [path];
}
