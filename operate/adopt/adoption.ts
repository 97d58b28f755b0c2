/** From what stands in the clusters to the stack config that makes it this stack's. Pure. */
import { isDeepStrictEqual } from "node:util";
import { type HelmValues, mergeValues } from "../../mesh/istio-values";
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { ConfigError, type Problem } from "../../mesh/problems";
import type { FoundMember } from "./found";
import { type MemberSettings, memberSettings, type MeshSettings, meshSettings } from "./member";
import { notesOf } from "./notes";
import { type MeshReleases, meshReleases } from "./releases";
import { foundTrust } from "./trust";
import { valuesOf } from "./values";

export interface AdoptedMember {
  member: Member;
  found: FoundMember;
  releases: MeshReleases;
}

export interface Adoption {
  /** `weft:mesh` and `weft:clusters` with which nothing that runs is replaced. No private key is in them. */
  config: Written;
  /** In the order of the stack config. */
  members: AdoptedMember[];
  /** What a person should know before the first `up`. */
  notes: string[];
}

/** `weft:mesh` and `weft:clusters` as they stand in the stack's file. */
export interface Written {
  mesh: HelmValues;
  clusters: HelmValues[];
}

/**
 * @param mesh what the stack config says now, without its trust.
 * @param found by member.
 * @param written what the new config is laid over.
 * @throws ConfigError with every reason for which the mesh cannot be taken over.
 */
export function adoption(
  mesh: MeshSpec,
  found: ReadonlyMap<string, FoundMember>,
  written: Written,
): Adoption {
  const problems: Problem[] = [];
  const members = mesh.members
    .toSorted((a, b) => indexOf(a) - indexOf(b))
    .flatMap((member): AdoptedMember[] => {
      const it = found.get(member.name)!;
      if (it.cacerts === undefined) problems.push(withoutCacerts(member));
      const releases = meshReleases(member, it);
      if (!Array.isArray(releases)) return [{ member, found: it, releases }];
      problems.push(...releases);
      return [];
    });
  const alike = <T>(what: string, of: (member: AdoptedMember) => T): T | undefined => {
    const [first, ...others] = members.map((member) => ({ name: member.member.name, value: of(member) }));
    const other = others.find(({ value }) => !isDeepStrictEqual(value, first?.value));
    if (first !== undefined && other !== undefined) problems.push(difference(what, first, other));
    return first?.value;
  };

  const common = commonOf(alike);
  const mtls = alike("the mode of PeerAuthentication default in istio-system", ({ found: { mtls } }) => mtls);
  if (mtls !== undefined && !["STRICT", "PERMISSIVE", "UNSET"].includes(mtls)) problems.push(noTls(mtls));
  const telemetry = alike("Telemetry mesh-default in istio-system", ({ found: { telemetry } }) => telemetry);
  const settings = members.map(({ member, found: it, releases }) => memberSettings(member, it, releases));
  problems.push(...settings.flatMap((own) => own.problems));
  const {
    trust,
    intermediates,
    problems: distrust,
  } = foundTrust(
    members.flatMap(({ member: { name, path }, found: { cacerts } }) =>
      cacerts === undefined ? [] : [{ name, path, cacerts }],
    ),
  );
  problems.push(...distrust);
  if (problems.length > 0) throw new ConfigError(problems);

  const { ofAll, own } = split(settings);
  const wanted = valuesOf({
    id: common.meshId,
    trustDomain: common.trustDomain,
    "istio.revision": common.revision,
    "istio.hub": common.hub,
    "istio.tag": common.tag,
    "istio.imagePullSecrets": common.imagePullSecrets,
    ...ofAll,
    trust,
    // Without the object, too, proxies take plain text.
    mtls: mtls === "STRICT" ? "strict" : "permissive",
    mtlsReason: mtls === "STRICT" ? undefined : "It was so before Weft took the mesh over.",
    telemetry,
  });
  const clusters = members.map(({ member: { name, apiServer } }, index) =>
    valuesOf({
      network: settings[index]!.network,
      apiServer: apiServer === undefined ? serverForPeers(members, name) : undefined,
      ...own[index],
      "trust.intermediate": intermediates[name],
    }),
  );
  return {
    config: {
      mesh: mergeValues(written.mesh, wanted),
      clusters: clusters.map((cluster, index) => mergeValues(written.clusters[index] ?? {}, cluster)),
    },
    members,
    notes: [
      ...(common.meshId === undefined
        ? ["The istiods have no mesh ID. The first `pulumi up` gives them that of `weft:mesh.id`."]
        : []),
      ...settings.flatMap(({ notes }) => notes),
      ...notesOf(members),
    ],
  };
}

const indexOf = ({ path }: Member) => Number(/\d+/.exec(path)![0]);

function withoutCacerts({ path, name }: Member): Problem {
  return {
    path,
    value: name,
    message:
      "It has no Secret cacerts: its istiod signs with a root of its own, which no other cluster trusts.",
    remedy:
      "Give it an intermediate of the root that the others have: https://istio.io/latest/docs/tasks/security/cert-management/plugin-ca-cert/. Then run this again.",
  };
}

function difference(
  what: string,
  one: { name: string; value: unknown },
  other: { name: string; value: unknown },
): Problem {
  const shown = ({ name, value }: { name: string; value: unknown }) =>
    `${value === undefined ? "not set" : JSON.stringify(value)} in ${name}`;
  return {
    path: "weft:clusters",
    message: `Members have to be alike in ${what}: it is ${shown(one)}, ${shown(other)}.`,
    remedy: "Make it the same first, then run this again.",
  };
}

function noTls(mode: string): Problem {
  return {
    path: "weft:mesh.mtls",
    value: mode,
    message:
      "PeerAuthentication default in istio-system turns mutual TLS off, without which no request crosses to another network.",
    remedy: "Set it to PERMISSIVE or STRICT first.",
  };
}

/** What is said of the whole mesh alone. */
function commonOf(alike: <T>(what: string, of: (member: AdoptedMember) => T) => T | undefined): MeshSettings {
  const of = <Key extends keyof MeshSettings>(what: string, key: Key) =>
    alike(`${what} of istiod`, ({ releases }) => meshSettings(releases)[key]) as MeshSettings[Key];
  return {
    meshId: of("global.meshID", "meshId"),
    trustDomain: of("meshConfig.trustDomain", "trustDomain"),
    revision: of("revision", "revision"),
    hub: of("global.hub", "hub"),
    tag: of("global.tag", "tag"),
    imagePullSecrets: of("global.imagePullSecrets", "imagePullSecrets"),
  };
}

/** Where stack config has what a mesh may say for all of its members. */
const places = {
  version: "istio.version",
  platform: "istio.platform",
  values: "istio.values",
  baseValues: "istio.base.values",
  namespaceLabels: "istio.namespaceLabels",
  namespaceAnnotations: "istio.namespaceAnnotations",
  eastWestValues: "eastWest.values",
} as const;

/** By place. What all members have alike is said once. */
function split(settings: MemberSettings[]): {
  ofAll: Record<string, unknown>;
  own: Record<string, unknown>[];
} {
  const isAlike = (key: keyof typeof places) =>
    settings.every((member) => isDeepStrictEqual(member[key], settings[0]![key]));
  const keys = Object.keys(places) as (keyof typeof places)[];
  const placed = (member: MemberSettings | undefined, which: (keyof typeof places)[]) =>
    Object.fromEntries(which.map((key) => [places[key], member?.[key]]));
  return {
    ofAll: placed(settings[0], keys.filter(isAlike)),
    own: settings.map((member) => ({
      ...placed(
        member,
        keys.filter((key) => !isAlike(key)),
      ),
      "eastWest.service": member.service,
    })),
  };
}

/** Where the peers reach an API server now, where that is not where Weft does. */
function serverForPeers(members: AdoptedMember[], name: string): unknown {
  const { server } = members.find(({ member }) => member.name === name)!.found;
  const seen = members
    .flatMap(({ found }) => found.remoteSecrets)
    .map(({ clusters }) => clusters[name])
    .find((address) => address !== undefined);
  if (seen === undefined || (seen.server === server && seen.tlsServerName === undefined)) return undefined;
  const { server: url, tlsServerName } = seen;
  return tlsServerName === undefined ? url : { url, tlsServerName };
}
