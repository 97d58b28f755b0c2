/** What there is to draw of a mesh, from stack config and, where it was read, from a report. Pure. */
import type { Member, MeshSpec } from "../../mesh/mesh-spec";
import { rootNames, sharedRoots } from "../../mesh/roots";
import { needsEastWestGateway, networks, peersOf, primaries } from "../../mesh/topology";
import type { CheckName } from "../checks";
import { few, plural, type Issue, type Verdict } from "../checks/check";
import type { MemberReport, Report } from "../report";

export interface MeshMap {
  title: string;
  networks: { name: string; members: MapMember[] }[];
  /** Who reads whom, one by one; undefined where that would be too many lines to follow. */
  reads?: Read[];
  /** The same in words. */
  reading: string[];
  trust: string[];
}

export interface MapMember {
  name: string;
  role: Member["role"];
  /** The primary that serves it; undefined on a primary. */
  servedBy?: string;
  /** `istiod 1.30.5`: what runs, or what is configured where nothing was read. */
  version: string;
  /** Address of its east-west gateway, or that it has one; undefined where it needs none. */
  gateway?: string;
  /** undefined: nothing was read. */
  verdict?: Verdict;
  /** Names of the checks that failed. */
  failed: CheckName[];
  /** Names of those that should have told, and could not. */
  unknown: CheckName[];
}

export interface Read {
  reader: string;
  peer: string;
  /** It should read the peer, and something is in the way. */
  broken: boolean;
}

/** More lines than a person can follow. */
const mostReads = 12;

export function mapOf(mesh: MeshSpec, report?: Report): MeshMap {
  const reports = new Map(report?.members.map((member) => [member.name, member]));
  const reads = primaries(mesh).flatMap(({ name: reader }) =>
    peersOf(mesh, reader).map(({ name: peer }) => ({
      reader,
      peer,
      broken: isBroken(reports.get(reader), peer),
    })),
  );
  return {
    title: `${mesh.config.id}: ${plural(mesh.members.length, "member")}`,
    networks: networks(mesh)
      .sort(asNumbered)
      .map((name) => ({
        name,
        members: mesh.members
          .filter(({ network }) => network === name)
          .sort((a, b) => asNumbered(a.name, b.name))
          .map((member) => mapMember(mesh, member, reports.get(member.name))),
      })),
    ...(reads.length <= mostReads ? { reads } : {}),
    reading: readingInWords(mesh, reads),
    trust: trustInWords(mesh),
  };
}

/** cluster2 before cluster10. */
const asNumbered = new Intl.Collator("en", { numeric: true }).compare;

function mapMember(mesh: MeshSpec, member: Member, report: MemberReport | undefined): MapMember {
  const { name, role, primary, istio } = member;
  const checksWith = (kind: Issue["kind"]) =>
    (report?.checks ?? [])
      .filter(({ issues }) => issues.some((issue) => issue.kind === kind))
      .map(({ check }) => check);
  const detail = (check: CheckName) => report?.checks.find((result) => result.check === check)?.detail;
  return {
    name,
    role,
    ...(role === "remote" ? { servedBy: primary } : {}),
    version: role === "remote" ? `served by ${primary}` : `istiod ${detail("istiod") ?? istio.version}`,
    ...(needsEastWestGateway(mesh, name)
      ? { gateway: detail("gateway") ?? member.eastWest.addresses[0] ?? "east-west gateway" }
      : {}),
    verdict: report?.verdict,
    failed: checksWith("failed"),
    unknown: checksWith("unreadable"),
  };
}

function isBroken(reader: MemberReport | undefined, peer: string): boolean {
  return (reader?.checks ?? []).some(({ issues }) => issues.some(({ unread }) => unread?.includes(peer)));
}

function readingInWords(mesh: MeshSpec, reads: Read[]): string[] {
  if (reads.length === 0) return ["Nobody reads another member."];
  const broken = primaries(mesh).flatMap(({ name }) => {
    const peers = reads.filter(({ reader, broken }) => broken && reader === name).map(({ peer }) => peer);
    return peers.length === 0 ? [] : `${name} does not read ${peers.join(", ")}.`;
  });
  return [...rulesOfReading(mesh, plural(reads.length, "key")), ...broken];
}

/** Those that read each other are told together, and those that read the same. */
function rulesOfReading(mesh: MeshSpec, keys: string): string[] {
  const everybody = mesh.members.length - 1;
  const readers = primaries(mesh).map(({ name }) => ({
    name,
    peers: peersOf(mesh, name).map((peer) => peer.name),
  }));
  if (readers.every(({ peers }) => peers.length === everybody)) {
    return [`Every primary (${readers.length}) reads every other member: ${keys}.`];
  }
  const circles = together(readers, ({ name, peers }) => [...peers, name].sort());
  const inCircle = circles.filter((circle) => circle.length > 1).flat();
  const alone = readers.filter((reader) => !inCircle.includes(reader));
  const verb = (circle: typeof readers) => (circle.length === 1 ? "reads" : "read");
  const names = (circle: typeof readers) => few(circle.map(({ name }) => name));
  return [
    `Not everybody reads everybody: ${keys}.`,
    ...circles
      .filter((circle) => circle.length > 1)
      .map((circle) => {
        const others = circle[0]!.peers.filter((peer) => !circle.some(({ name }) => name === peer));
        return `${names(circle)} read each other${others.length === 0 ? "" : ` and ${few(others)}`}.`;
      }),
    ...together(alone, ({ peers }) => peers).map((circle) => {
      const { peers } = circle[0]!;
      const whom = peers.length === everybody ? "every other member" : few(peers) || "nobody";
      return `${names(circle)} ${verb(circle)} ${whom}.`;
    }),
  ];
}

function together<T>(items: T[], key: (item: T) => string[]): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const id = key(item).join(" ");
    found.set(id, [...(found.get(id) ?? []), item]);
  }
  return [...found.values()];
}

function trustInWords(mesh: MeshSpec): string[] {
  if (mesh.config.trust.mode === "shared") {
    return sharedRoots(mesh.config).map(({ name, source, signing }) =>
      signing ? `Root ${name} (${source}) signs for all members.` : `Root ${name} (${source}) is trusted.`,
    );
  }
  const isBounded = mesh.members.some(({ reads }) => reads !== undefined);
  const all = primaries(mesh).length;
  const picky = primaries(mesh).filter(({ name, trust }) =>
    isBounded ? trust.trusts !== undefined : rootNames(mesh, name).length < all,
  );
  const others = isBounded ? "all that its workloads meet" : "all others";
  return [
    `Every primary has a root of its own, and trusts those of ${others}${picky.length === 0 ? "." : ", except:"}`,
    ...picky.map(({ name }) => `${name} trusts the roots ${rootNames(mesh, name).join(", ")}.`),
  ];
}
