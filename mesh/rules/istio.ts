/** Versions of Istio, and Helm values that a person adds. */
import * as semver from "semver";
import { minorSkew } from "../istio-versions";
import { valueConflicts } from "../istio-values";
import { settingPath, type Problem } from "../problems";
import type { Stack } from "./stack";
import type { ClusterConfig } from "../schema";

export function istioProblems({ mesh: { config, members }, clusters }: Stack): Problem[] {
  const oldest = [...members].sort((a, b) => semver.compare(a.istio.version, b.istio.version))[0];
  return [
    ...reserved("weft:mesh", config.istio.values),
    ...clusters.flatMap(({ path, cluster }) => [
      ...reserved(path, cluster.istio.values),
      ...(oldest === undefined
        ? []
        : skew(path, cluster.istio.version ?? config.istio.version, cluster, oldest)),
    ]),
  ];
}

function reserved(path: string, values: Record<string, unknown>): Problem[] {
  return valueConflicts(values).map((conflict) => ({
    path: `${path}.istio.values${settingPath(["", ...conflict.path.split(".")]).slice("weft:".length)}`,
    message: "Weft sets this value: it defines the mesh.",
    remedy: conflict.instead,
  }));
}

function skew(
  path: string,
  version: string,
  { istio }: ClusterConfig,
  oldest: { name: string; istio: { version: string } },
): Problem[] {
  if (minorSkew(version, oldest.istio.version) <= 1) return [];
  return [
    {
      path: istio.version === undefined ? "weft:mesh.istio.version" : `${path}.istio.version`,
      value: version,
      message: `More than one minor version above ${oldest.istio.version} of ${oldest.name}, which Istio does not support.`,
      remedy: "Upgrade one minor version at a time: all members to the next one first.",
    },
  ];
}
