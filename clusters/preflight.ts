/** Before the first change: is every cluster there, may we, and is the step from what runs there to the mesh a safe one? */
import semver from "semver";
import { clockProblems, type MemberClock } from "../mesh/clocks";
import type { Member, MeshSpec } from "../mesh/mesh-spec";
import { ConfigError, type Problem } from "../mesh/problems";
import { fingerprints } from "../mesh/certificates";
import type { LiveMember, KnownAddress } from "../mesh/live-member";
import { lastUp, type LastUp } from "../mesh/last-up";
import { loopbackProblem, peerAddress, pemOf } from "../mesh/peer-address";
import { highestVersion } from "../mesh/revisions";
import { checkTransition, stillToBeForgotten } from "../mesh/transitions";
import { unanswered } from "../mesh/transitions/unreachable";
import { ApiServerError, defaultTimeoutMs } from "./api-client";
import { checkChartSources } from "./chart-source";
import { explain, kubectl } from "./explain";
import { heldOf, heldOfSilent, unknownCaProblems } from "./held-tokens";
import { inspect, type Inspection } from "./inspect";
import type { Kubeconfigs } from "./kubeconfig";
import { tryAsPeer } from "./try-as-peer";

export interface PreflightOptions {
  /** What the last `up` left. Default: not known. */
  last?: LastUp;
  /** Told what is unwise but not wrong. */
  warn: (message: string) => void;
  /** Milliseconds for all requests to one cluster. Default: 30 s. */
  timeoutMs?: number;
  /** By it tokens are due. Default: this moment. */
  now?: Date;
}

/**
 * Reads every member, all at once. Where that is tolerated, one that does not answer is as the last `up` left it.
 * @throws ConfigError with every problem found.
 */
export async function preflight(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  { last = lastUp({}), warn, timeoutMs = defaultTimeoutMs, now = new Date() }: PreflightOptions,
): Promise<LiveMember[]> {
  const problems: Problem[] = [];
  const warnings: string[] = [];
  const inspections = new Map<string, Inspection>();
  /** Why nobody answers, by member. */
  const silent = new Map<string, Problem>();

  const charts = checkChartSources(mesh, timeoutMs);
  await Promise.all(
    mesh.members.map(async (member) => {
      const kubeconfig = kubeconfigs.get(member.name)!;
      try {
        inspections.set(member.name, await inspect(mesh, member, kubeconfig, timeoutMs));
      } catch (error) {
        const problem = explain(error, member, kubeconfig, timeoutMs);
        if (isSilence(error)) silent.set(member.name, problem);
        else problems.push(problem);
      }
    }),
  );
  // Some of what is known of a member stands in its readers' clusters.
  await Promise.all(
    mesh.members.map(async (member) => {
      const kubeconfig = kubeconfigs.get(member.name)!;
      const inspection = inspections.get(member.name);
      if (inspection === undefined) return;
      try {
        const held = await heldOf(mesh, member, kubeconfig, inspections, { now, timeoutMs });
        inspection.live.held = held;
        const readerToken = held?.token?.token ?? inspection.readerToken;
        const { problem, warning } = await tryAsPeer(
          mesh,
          member,
          kubeconfig,
          { clusterCa: inspection.clusterCa, readerToken },
          timeoutMs,
        );
        if (problem !== undefined) problems.push(problem);
        if (warning !== undefined) warnings.push(warning);
      } catch (error) {
        problems.push(explain(error, member, kubeconfig, timeoutMs));
      }
    }),
  );
  // Where nobody answers at all, it is this machine that is cut off.
  const isTolerated = mesh.config.tolerateUnreachable && silent.size < mesh.members.length;
  if (!isTolerated) problems.push(...silent.values());
  problems.push(...loopbackProblems(mesh, kubeconfigs));
  problems.push(...permissionProblems(mesh, kubeconfigs, inspections));
  problems.push(...sameClusterProblems(mesh, kubeconfigs, inspections));
  problems.push(...clockProblems(clocksOf(mesh, kubeconfigs, inspections)));
  problems.push(...unknownCaProblems(mesh, kubeconfigs, inspections));
  problems.push(...(await charts));

  const live = mesh.members.flatMap((member) => {
    if (!silent.has(member.name)) return inspections.get(member.name)?.live ?? [];
    return isTolerated
      ? { ...unanswered(member, mesh.config.id, last), held: heldOfSilent(mesh, member, inspections) }
      : [];
  });
  const before = { last, live, peerAddresses: peerAddressesOf(mesh, kubeconfigs, inspections), now };
  problems.push(...checkTransition(before, mesh));
  if (problems.length > 0) {
    throw new ConfigError(problems.sort((a, b) => a.path.localeCompare(b.path, "en", { numeric: true })));
  }
  for (const message of [...warnings.sort(), ...oldKubernetes(mesh, inspections)]) warn(message);
  for (const [name, { value, message }] of silent) {
    warn(
      `${name} is left as it is (weft:mesh.tolerateUnreachable): ${value}: ${message} The others get what is new, and the \`pulumi up\` counts as failed.`,
    );
  }
  for (const name of stillToBeForgotten(before, mesh)) {
    warn(
      `${name} counts as made again (weft:mesh.rebuilt): nothing is created there unless this is run with \`--refresh\`. See docs/changes.md.`,
    );
  }
  return live;
}

/** What answers, be it with an error, is there, and may have more to say. */
function isSilence(error: unknown): boolean {
  return error instanceof ApiServerError && (error.kind === "unreachable" || error.kind === "timeout");
}

/** As the PeerSecrets are to have them. */
function peerAddressesOf(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  inspections: ReadonlyMap<string, Inspection>,
): Map<string, KnownAddress> {
  return new Map(
    mesh.members.map((member) => {
      const { caData, ...address } = peerAddress(member, kubeconfigs.get(member.name)!);
      const ca = caData === undefined ? inspections.get(member.name)?.clusterCa : pemOf(caData);
      const isChecked = ca !== undefined && !address.insecureSkipTlsVerify;
      return [member.name, { ...address, ca: isChecked ? fingerprints(ca) : undefined }];
    }),
  );
}

/** `apiServer` was checked when the stack config was parsed. */
function loopbackProblems(mesh: MeshSpec, kubeconfigs: Kubeconfigs): Problem[] {
  return mesh.members
    .filter(({ apiServer }) => apiServer === undefined)
    .flatMap((member) => loopbackProblem(mesh, member, kubeconfigs.get(member.name)!.server) ?? []);
}

function permissionProblems(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  inspections: ReadonlyMap<string, Inspection>,
): Problem[] {
  return mesh.members.flatMap((member) => {
    const denied = inspections.get(member.name)?.denied ?? [];
    if (denied.length === 0) return [];
    const kubeconfig = kubeconfigs.get(member.name)!;
    return {
      path: member.path,
      value: kubeconfig.context,
      message: `The user of this context may not ${denied.join(", ")}.`,
      remedy: `Give it the ClusterRole of docs/rights.yaml, or use one with cluster-admin; \`${kubectl(member, kubeconfig)} auth can-i --list\` shows what this one may do.`,
    };
  });
}

/**
 * Two names for one cluster would be two members that overwrite each other's objects. Only where a UID is not known the address decides:
 * one may lead to many clusters, told apart by path, by user or by the name in TLS.
 */
function sameClusterProblems(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  inspections: ReadonlyMap<string, Inspection>,
): Problem[] {
  const uidOf = ({ name }: Member) => inspections.get(name)?.clusterUid;
  const urlOf = ({ name }: Member) => new URL(kubeconfigs.get(name)!.server).href;
  const isSame = (one: Member, other: Member) => {
    const uids = [uidOf(one), uidOf(other)];
    return uids.includes(undefined) ? urlOf(one) === urlOf(other) : uids[0] === uids[1];
  };
  return mesh.members.flatMap((member, index) => {
    const twin = mesh.members.slice(0, index).find((earlier) => isSame(earlier, member));
    if (twin === undefined) return [];
    return {
      path: member.path,
      value: kubeconfigs.get(member.name)!.context,
      message: `This is the same cluster as ${twin.name}, which is in the mesh already.`,
      remedy: `Give ${member.name} a context of its own cluster, or delete one of the two entries.`,
    };
  });
}

function clocksOf(
  mesh: MeshSpec,
  kubeconfigs: Kubeconfigs,
  inspections: ReadonlyMap<string, Inspection>,
): MemberClock[] {
  return mesh.members.flatMap(({ name, path }) => {
    const offsetMs = inspections.get(name)?.clockOffsetMs;
    return offsetMs === undefined ? [] : { name, path, server: kubeconfigs.get(name)!.server, offsetMs };
  });
}

/** Lowest Kubernetes minor that a minor of Istio supports: https://istio.io/latest/docs/releases/supported-releases/ */
const lowestKubernetes: Record<string, string> = { "1.28": "1.30", "1.29": "1.31", "1.30": "1.32" };

function oldKubernetes(mesh: MeshSpec, inspections: ReadonlyMap<string, Inspection>): string[] {
  return mesh.members.flatMap(({ name, istio }) => {
    // The highest asks for the most.
    const minor = highestVersion(istio.revisions).split(".", 2).join(".");
    const lowest = lowestKubernetes[minor];
    const found = inspections.get(name)?.kubernetesVersion;
    if (lowest === undefined || found === undefined || semver.gte(found, `${lowest}.0`)) return [];
    return `${name} runs Kubernetes ${found}, and Istio ${minor} supports ${lowest} and later: https://istio.io/latest/docs/releases/supported-releases/`;
  });
}
