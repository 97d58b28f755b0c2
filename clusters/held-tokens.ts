/** Where tokens end: with which of those that the readers of a member hold do they go on, and by which CA do they know it? */
import type { HeldAccess } from "../mesh/live-member";
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { peerAddress } from "../mesh/peer-address";
import type { Problem } from "../mesh/problems";
import { newest, tokensToKeep } from "../mesh/reader-token";
import { readersOf } from "../mesh/topology";
import type { Inspection } from "./inspect";
import type { Kubeconfigs, ResolvedKubeconfig } from "./kubeconfig";
import type { PeerKey } from "./known-peers";
import { accepts } from "./reader-tokens";

type Inspections = ReadonlyMap<string, Inspection>;

/** Undefined where its tokens do not end. */
export async function heldOf(
  mesh: MeshSpec,
  member: Member,
  kubeconfig: ResolvedKubeconfig,
  inspections: Inspections,
  { now, timeoutMs }: { now: Date; timeoutMs: number },
): Promise<HeldAccess | undefined> {
  const { tokenLifetimeHours: lifetimeHours, generation } = member.remoteAccess;
  if (lifetimeHours === undefined) return undefined;
  const { live, clusterCa } = inspections.get(member.name)!;
  const caData = clusterCa && Buffer.from(clusterCa).toString("base64");
  const held = keysOf(mesh, member, inspections).map(({ token }) => token);
  for (const token of tokensToKeep(held, { boundTo: live.bindings?.[generation], lifetimeHours, now })) {
    // What a user may not ask is judged by what the token says.
    if ((await accepts(kubeconfig, token.token, timeoutMs)) !== false) return { token, caData };
  }
  return { caData };
}

/** Nobody can give another one, so they go on with the newest. */
export function heldOfSilent(
  mesh: MeshSpec,
  member: Member,
  inspections: Inspections,
): HeldAccess | undefined {
  if (member.remoteAccess.tokenLifetimeHours === undefined) return undefined;
  const keys = keysOf(mesh, member, inspections);
  const [token] = newest(keys.map((key) => key.token));
  return { token, caData: keys.find((key) => key.token === token?.token)?.caData };
}

function keysOf(mesh: MeshSpec, { name }: Member, inspections: Inspections): PeerKey[] {
  return readersOf(mesh, name).flatMap((reader) => inspections.get(reader.name)?.peerKeys?.[name] ?? []);
}

/** A Secret with a token that does not end has the CA beside it. */
export function unknownCaProblems(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  inspections: Inspections,
): Problem[] {
  return mesh.members.flatMap((member) => {
    const { name, path, remoteAccess } = member;
    const inspection = inspections.get(name);
    const { caData, insecureSkipTlsVerify } = peerAddress(member, kubeconfigs.get(name)!);
    const isKnown = caData !== undefined || insecureSkipTlsVerify || inspection?.clusterCa !== undefined;
    const isAsked = remoteAccess.tokenLifetimeHours !== undefined && readersOf(mesh, name).length > 0;
    if (inspection === undefined || isKnown || !isAsked) return [];
    return {
      path: `${path}.apiServer.caData`,
      message: `Required: ConfigMap kube-root-ca.crt in namespace kube-system of ${name} is not there or may not be read, so nobody knows by which CA its readers are to know ${name}.`,
      remedy: "Give the CA of its API server; or let Weft read the ConfigMap (docs/rights.yaml).",
    };
  });
}
