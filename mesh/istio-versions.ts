/**
 * Versions of istiod that do not survive a changed remote secret, which is what a renewed token or a new address of an
 * API server is to them.
 *
 * Where each range comes from: the tags of github.com/istio/istio that hold the change that broke it and not the one
 * that mended it. Not listed, because endpoints come back by themselves: 1.28 and older take a peer's endpoints away
 * until the new connection has synced (istio#49349, mended in 1.30 by what broke it as listed here).
 * Not known: versions before 1.28, whose code was not compared; ambient, whose leaks (istio#60033) are a matter of memory.
 */
import * as semver from "semver";

export interface BrokenRotation {
  /** What happens, as the end of "istiod 1.30.3 …". */
  reason: string;
  /** Issue that describes it. */
  source: string;
  /** First release of the same line without any known defect of this kind. */
  fixedIn: string;
}

interface Defect extends BrokenRotation {
  /** Range in npm's notation. */
  versions: string;
}

/** The gravest first: the first that matches is reported. */
export const rotationDefects: readonly Defect[] = [
  {
    // From #58567, which swaps registries in place (1.30.0), to #60676 (1.30.3) and #60654 (before 1.31.0-alpha.0).
    versions: ">=1.30.0-alpha.0 <1.30.3",
    reason: "stops reading the peer until it is restarted: the new connection deadlocks",
    source: "https://github.com/istio/istio/issues/60612",
    fixedIn: "1.30.4",
  },
  {
    // From #58567 to #61159 (1.30.4) and #61160 (before 1.31.0-alpha.2).
    versions: ">=1.30.3 <1.30.4 || >=1.31.0-alpha.0 <1.31.0-alpha.2",
    reason: "loses the peer's endpoints for good, without an error, until it is restarted",
    source: "https://github.com/istio/istio/issues/61043",
    fixedIn: "1.30.4",
  },
  {
    // From #58455, a mesh config watcher per cluster (1.29.0), to #59876 (1.29.3).
    versions: ">=1.29.0-alpha.0 <1.29.3",
    reason: "may stop reading all peers until it is restarted: closing the old connection deadlocks",
    source: "https://github.com/istio/istio/issues/59875",
    fixedIn: "1.29.5",
  },
  {
    // From #59876, which closes the old connection twice (1.29.3), to #60522 (1.29.5).
    versions: ">=1.29.3 <1.29.5",
    reason: "panics: it closes the old connection twice",
    source: "https://github.com/istio/istio/issues/60520",
    fixedIn: "1.29.5",
  },
];

/**
 * What goes wrong when a remote secret changes under an istiod of this version.
 * @param version as istiod or its image tag gives it: `1.30.3`, `1.30.3-distroless`.
 * @returns undefined where nothing is known to go wrong, also for a version that cannot be read.
 */
export function brokenRotation(version: string): BrokenRotation | undefined {
  const release = releaseOf(version);
  if (release === undefined) return undefined;
  const defect = rotationDefects.find(({ versions }) =>
    semver.satisfies(release, versions, { includePrerelease: true }),
  );
  if (defect === undefined) return undefined;
  const { reason, source, fixedIn } = defect;
  return { reason, source, fixedIn: semver.gt(release, fixedIn) ? "1.31.0" : fixedIn };
}

/** Without the image's variant, which semver would take for a pre-release: `1.30.4-distroless` is 1.30.4. */
function releaseOf(version: string): string | undefined {
  const parsed = semver.parse(version);
  if (parsed === null) return undefined;
  const isPrerelease = /^(alpha|beta|rc)$/.test(String(parsed.prerelease[0]));
  return isPrerelease ? parsed.version : `${parsed.major}.${parsed.minor}.${parsed.patch}`;
}

/** The version that a tag of istiod's image begins with: `1.30.4` of `1.30.4-distroless`; undefined where it says none. */
export function versionIn(tag: string): string | undefined {
  return /^v?(\d+\.\d+\.\d+(-(alpha|beta|rc)\.\d+)?)/.exec(tag)?.[1];
}

/**
 * Minor versions between two versions; Infinity over a major one.
 * Istio supports control planes that are one minor version apart.
 * https://istio.io/latest/docs/releases/supported-releases/
 */
export function minorSkew(a: string, b: string): number {
  return semver.major(a) === semver.major(b) ? Math.abs(semver.minor(a) - semver.minor(b)) : Infinity;
}
