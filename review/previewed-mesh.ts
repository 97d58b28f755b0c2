/**
 * The mesh that a preview knows of: before, as the last `up` left it, and after. Taken from the resources and not from
 * stack config, because members found by label are not in there, and because what is deployed need not be what was
 * merged last. Pure.
 */
import { withDefaults } from "../mesh/defaults";
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { clusterSchema, meshSchema, type MeshConfig } from "../mesh/schema";
import { at, objectName, text, types, versionOf } from "./objects";
import type { Resource, State } from "./preview";

export type Side = "before" | "after";

/** The parts of a member that say what it is, by its name. */
export interface Parts {
  /** URN of its component. */
  component: string;
  role: Member["role"];
  /** The primary that serves it: its own name on a primary. */
  primary: string;
  network: string;
  /** Mesh ID. */
  mesh: string;
  /** Of Istio's charts; undefined where the charts come from a folder and none is installed yet. */
  version?: string;
  /** Names of the roots in its bundle, sorted. */
  roots: string[];
  signingRoot?: string;
  /** Names of those that it reads; undefined: every other member. */
  reads?: string[];
  /** Address of its east-west gateway, where it is known. */
  address?: string;
  /** `STRICT` or `PERMISSIVE`; undefined on a remote. */
  mtls?: string;
}

/** The members, by name. */
export function membersOf(resources: Resource[], side: Side): Map<string, Parts> {
  const objects = resources.flatMap((resource) => {
    const state = resource[side];
    return state === undefined ? [] : [{ resource, state }];
  });
  const below = new Map<string, typeof objects>();
  for (const object of objects) {
    const { parent = "" } = object.resource;
    below.set(parent, [...(below.get(parent) ?? []), object]);
  }
  const find = (parent: string, type: string, name?: string | RegExp) =>
    below
      .get(parent)
      ?.find(
        ({ resource, state }) =>
          resource.type === type && (name === undefined || isCalled(objectName(state), name)),
      );

  const members = new Map<string, Parts>();
  for (const { resource, state } of objects) {
    const component = resource.parent;
    const labels = metadata(state, "labels");
    const name = labels["weft.dev/member"];
    if (resource.type !== types.namespace || name === undefined || component === undefined) continue;
    const primary = metadata(state, "annotations")["topology.istio.io/controlPlaneClusters"];
    const bundle = metadata(find(component, types.secret, "cacerts")?.state, "annotations");
    const gateway = find(component, types.eastWestGateway)?.resource.urn;
    const exchange = find(component, types.peerSecret)?.resource.urn;
    const peerSecrets = (exchange && below.get(exchange)) || [];
    members.set(name, {
      component,
      role: primary === undefined ? "primary" : "remote",
      primary: primary ?? name,
      network: labels["topology.istio.io/network"] ?? name,
      mesh: labels["weft.dev/mesh"] ?? "",
      version: versionOf(find(component, types.release, /^istiod(-|$)/)?.state),
      roots: (bundle["weft.dev/roots"] ?? "").split(",").filter((root) => root !== ""),
      signingRoot: bundle["weft.dev/signing-root"],
      reads: primary === undefined ? readsIn(peerSecrets.map((secret) => secret.state)) : undefined,
      address: gateway && addressOf(find(gateway, types.service)?.state),
      mtls: text(at(find(component, types.peerAuthentication)?.state.inputs, "spec", "mtls", "mode")),
    });
  }
  return members;
}

function isCalled(name: string | undefined, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? name === wanted : wanted.test(name ?? "");
}

/** What the map is drawn of; undefined where there is no member. */
export function meshOf(resources: Resource[], side: Side): MeshSpec | undefined {
  const members = membersOf(resources, side);
  if (members.size === 0) return undefined;
  const defaults = meshSchema.parse({});
  const federated = isFederated(members);
  const signing = [...members.values()][0]!.signingRoot;
  const roots = [...new Set([...members.values()].flatMap((member) => member.roots))].sort();
  const config: MeshConfig = {
    ...defaults,
    id: [...members.values()][0]!.mesh,
    trust: federated
      ? { ...defaults.trust, mode: "federated" }
      : {
          ...defaults.trust,
          roots: roots.map((name) => ({ ...sourceOf(resources, name), name, signing: name === signing })),
        },
  };
  const plain = clusterSchema.parse({ name: "member" });
  const entries = [...members].map(([name, { role, primary, network, version, roots, reads, address }]) => ({
    path: name,
    cluster: {
      ...plain,
      name,
      role,
      network,
      ...(role === "remote" ? { primary } : {}),
      reads,
      istio: { ...plain.istio, version: version ?? "of a local chart" },
      eastWest: { ...plain.eastWest, addresses: address === undefined ? [] : [address] },
      trust: federated ? { trusts: roots } : {},
    },
  }));
  return withDefaults(config, entries);
}

/** In federated trust a primary's root bears the primary's name. */
export function isFederated(members: ReadonlyMap<string, Parts>): boolean {
  return (
    members.size > 1 && [...members.values()].every(({ primary, signingRoot }) => signingRoot === primary)
  );
}

function sourceOf(resources: Resource[], root: string) {
  const component = resources.find(
    ({ type, name }) =>
      (type === types.root || type === types.certManagerRoot) && name === rootComponent(root),
  );
  if (component?.type === types.certManagerRoot) return { source: "certManager" as const };
  const isGenerated = resources.some(({ parent }) => parent !== undefined && parent === component?.urn);
  return isGenerated ? { source: "generated" as const } : { source: "provided" as const, certificate: "" };
}

/** Names of components below `new Mesh("mesh")` of index.ts. */
export const rootComponent = (root: string) => `mesh-trust-${root}`;
export const intermediateComponent = (member: string) => `mesh-trust-${member}-intermediate`;

/** Where it reads nobody, or has nobody to read, there is no PeerSecret. */
function readsIn(peerSecrets: State[]): string[] | undefined {
  const annotations = peerSecrets.map((secret) => metadata(secret, "annotations")["weft.dev/reads"]);
  if (annotations.some((annotation) => annotation === undefined)) return undefined;
  return annotations.flatMap((annotation) => annotation!.split(","));
}

function addressOf(service: State | undefined): string | undefined {
  const ingress = at(service?.outputs, "status", "loadBalancer", "ingress");
  const first: unknown = Array.isArray(ingress) ? ingress[0] : undefined;
  return text(at(first, "ip")) ?? text(at(first, "hostname"));
}

function metadata(
  state: State | undefined,
  key: "labels" | "annotations",
): Record<string, string | undefined> {
  const entries = at(state?.inputs, "metadata", key);
  return typeof entries === "object" && entries !== null ? (entries as Record<string, string>) : {};
}
