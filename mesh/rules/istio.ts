/** Versions of Istio, and Helm values that a person adds. */
import * as semver from "semver";
import { brokenRotation, minorSkew } from "../istio-versions";
import {
  baseConflicts,
  cniConflicts,
  extensionProviders,
  isMap,
  valueConflicts,
  type HelmValues,
} from "../istio-values";
import type { Problem } from "../problems";
import type { Member, MeshSpec } from "../mesh-spec";
import { lifetimeSetting } from "../reader-token";
import { didYouMean } from "../schema-problems";
import type { ClusterConfig, MeshConfig } from "../schema";
import { peersOf, primaries } from "../topology";
import { reserved } from "./reserved";
import type { Draft } from "../draft";

export function istioProblems({ mesh, clusters }: Draft): Problem[] {
  const { config, members } = mesh;
  const oldest = [...members].sort((a, b) => semver.compare(a.istio.version, b.istio.version))[0];
  return [
    ...addedValues("weft:mesh", config.istio),
    ...clusters.flatMap(({ path, cluster }) => [
      ...addedValues(path, cluster.istio),
      ...(oldest === undefined
        ? []
        : skew(
            path,
            cluster,
            members.find(({ name }) => name === cluster.name)!,
            oldest,
          )),
    ]),
    ...cniOfRemotes(mesh),
  ];
}

export function telemetryProblems({ mesh }: Draft): Problem[] {
  return [...telemetryScope(mesh), ...telemetryProviders(mesh)];
}

/** Tokens that are renewed by time must not meet an istiod that does not survive it. */
export function renewalProblems({ mesh }: Draft): Problem[] {
  const { renewEveryHours, allowBrokenRotation } = mesh.config.remoteAccess;
  if (allowBrokenRotation) return [];
  return primaries(mesh).flatMap(({ name, istio: { revisions } }) => {
    const peers = peersOf(mesh, name);
    const ending = peers.find(({ remoteAccess }) => remoteAccess.tokenLifetimeHours !== undefined);
    const setting =
      renewEveryHours !== undefined && peers.length > 0
        ? { path: "weft:mesh.remoteAccess.renewEveryHours", value: String(renewEveryHours) }
        : ending && lifetimeSetting(mesh, ending);
    if (setting === undefined) return [];
    return revisions.flatMap(({ version }) => {
      const defect = brokenRotation(version);
      if (defect === undefined) return [];
      return {
        ...setting,
        message: `istiod ${version} of ${name} does not survive new tokens: it ${defect.reason} (${defect.source}).`,
        remedy: `Set istio.version of ${name} to ${defect.fixedIn} or later.`,
      };
    });
  });
}

/** It stands in the root namespace, where a selector would make it one of istio-system's workloads alone. */
function telemetryScope({ config }: MeshSpec): Problem[] {
  return Object.keys(config.telemetry ?? {})
    .filter((key) => ["selector", "targetRef", "targetRefs"].includes(key))
    .map((key) => ({
      path: `weft:mesh.telemetry.${key}`,
      message: "With it the Telemetry would not be mesh-wide.",
      remedy: "Leave it out, and apply a Telemetry of your own where those workloads are.",
    }));
}

/** Those that istiod always has: DefaultMeshConfig in pkg/config/mesh/mesh.go of istio/istio. */
const builtInProviders = ["prometheus", "stackdriver", "envoy"];

function telemetryProviders(mesh: MeshSpec): Problem[] {
  const asked = Object.entries(mesh.config.telemetry ?? {}).flatMap(([kind, entries]) =>
    mapsIn(entries).flatMap(({ providers }, entry) =>
      mapsIn(providers).flatMap(({ name }, index) =>
        typeof name === "string"
          ? { name, path: `weft:mesh.telemetry.${kind}[${entry}].providers[${index}].name` }
          : [],
      ),
    ),
  );
  return primaries(mesh).flatMap((primary) => {
    const known = [...builtInProviders, ...extensionProviders(primary.istio.values)];
    return asked
      .filter(({ name }) => !known.includes(name))
      .map(({ name, path }) => ({
        path,
        value: name,
        message: `istiod of ${primary.name} has no extension provider of this name.`,
        remedy: `Define it in weft:mesh.istio.values.meshConfig.extensionProviders, or take one of: ${known.join(", ")}.`,
        ...didYouMean(name, known),
      }));
  });
}

/** The entries of a list, each in its place: what is no map counts as an empty one. */
function mapsIn(list: unknown): HelmValues[] {
  return Array.isArray(list) ? list.map((entry: unknown) => (isMap(entry) ? entry : {})) : [];
}

function addedValues(
  path: string,
  { values, base, cni }: Pick<MeshConfig["istio"], "values" | "base" | "cni">,
): Problem[] {
  return [
    ...reserved(`${path}.istio.values`, valueConflicts(values)),
    ...reserved(`${path}.istio.base.values`, baseConflicts(base.values)),
    ...reserved(`${path}.istio.cni.values`, cniConflicts(cni?.values ?? {})),
  ];
}

/** An istiod injects for all whom it serves by one setting (`pilot.cni` in its ConfigMap istio-sidecar-injector). */
function cniOfRemotes({ members }: MeshSpec): Problem[] {
  return members.flatMap((member) => {
    const primary = members.find(({ name }) => name === member.primary);
    if (primary === undefined || !primary.istio.cni === !member.istio.cni) return [];
    const [has, lacks] = member.istio.cni === undefined ? [primary, member] : [member, primary];
    return {
      path: `${lacks.path}.istio.cni`,
      message: `Required: ${has.name} has Istio's CNI plugin, and the istiod of ${primary.name} injects the pods of ${member.name} as its own.`,
      remedy: `Set it here too, \`weft:mesh.istio.cni\` for all members, or take it away from ${has.name}.`,
    };
  });
}

function skew(
  path: string,
  { istio }: ClusterConfig,
  { istio: { version } }: Member,
  oldest: Member,
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
