/** The istiods of each primary, by revision, and the tags by which workloads choose among them. */
import * as semver from "semver";
import type { MeshConfig } from "./schema";

/**
 * To Istio the revision of an istiod that is installed without one (`REVISION` in its chart), and the tag of whatever injects where
 * nothing else is said: namespaces labelled `istio-injection: enabled`, the gateways.
 */
export const defaultRevision = "default";

export const defaultVersion = "1.30.5";

/** An istiod of every primary. */
export interface Revision {
  name: string;
  /** Of the chart and, as far as `istio.tag` says nothing else, of the image. */
  version: string;
}

type IstioConfig = MeshConfig["istio"];

/**
 * The istiods of a member, sorted by name.
 * @param own the member's own version, where there is but one istiod.
 */
export function revisionsOf({ revisions, revision, version }: IstioConfig, own?: string): Revision[] {
  const found = revisions ?? { [revision ?? defaultRevision]: own ?? version ?? defaultVersion };
  return Object.keys(found)
    .sort()
    .map((name) => ({ name, version: found[name]! }));
}

/**
 * The tags that Weft makes in a member, with the revision that each leads to. None where `revisions` is not given; and no `default` where
 * the istiod without a revision is the only one: the webhooks of its own chart serve it.
 */
export function tagsOf(istio: IstioConfig, own: Record<string, string> = {}): Record<string, string> {
  if (istio.revisions === undefined) return {};
  const tags = { [defaultRevision]: untold(istio), ...istio.tags, ...own };
  return hasOnlyDefault(istio) ? without(tags, defaultRevision) : tags;
}

/** Whether `revisions` says no more than `version` could. */
function hasOnlyDefault({ revisions = {} }: IstioConfig): boolean {
  return Object.keys(revisions).every((name) => name === defaultRevision);
}

/** Where tag `default` leads when nobody says it: to the only revision, else to the one that is called so, if there is one. */
function untold({ revisions = {} }: IstioConfig): string {
  const [first = defaultRevision, ...others] = Object.keys(revisions);
  return others.length === 0 ? first : defaultRevision;
}

function without(map: Record<string, string>, key: string): Record<string, string> {
  return Object.fromEntries(Object.entries(map).filter(([name]) => name !== key));
}

/** The revision that injects by default in a member. */
export function taggedRevision({
  revisions,
  tags,
}: {
  revisions: Revision[];
  tags: Record<string, string>;
}): Revision {
  const name = tags[defaultRevision];
  return revisions.find((revision) => revision.name === name) ?? revisions[0]!;
}

/** `istio.io/rev` of what Weft itself has injected; undefined: it follows tag `default`. */
export function workloadRevision({ revisions, revision }: IstioConfig): string | undefined {
  return revisions === undefined ? revision : undefined;
}

/** Helm's name for an istiod: `istiod` for the one that was there before `revisions`, so that it stays where it is. */
export function releaseOf({ revision = defaultRevision }: IstioConfig, name: string): string {
  return name === revision ? "istiod" : `istiod-${name}`;
}

/** Service of an istiod in istio-system, and its Deployment. */
export function istiodName(revision: string | undefined = defaultRevision): string {
  return revision === defaultRevision ? "istiod" : `istiod-${revision}`;
}

/** The highest: Istio's CRDs have to know what any of the istiods reads. */
export function highestVersion(revisions: Revision[]): string {
  return revisions.map(({ version }) => version).sort(semver.rcompare)[0]!;
}
