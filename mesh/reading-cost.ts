/** What reading its peers costs an istiod. */
import type { MeshSpec } from "./mesh-spec";
import { peersOf, primaries } from "./topology";

/**
 * Istio's load test: 300 Services with 4,000 endpoints in each cluster; further clusters added one by one, in ambient mode. Every replica
 * of istiod holds all of it.
 */
const each = { megabytes: 180, percentOfCore: 1 };
const source = "https://istio.io/latest/docs/ops/deployment/ambient-mc-perf/";

/** What the istiod that reads most needs for it, in a sentence; undefined where nobody reads anybody. */
export function readingCost(mesh: MeshSpec): string | undefined {
  const counts = primaries(mesh).map(({ name }) => ({ name, peers: peersOf(mesh, name).length }));
  const peers = Math.max(0, ...counts.map((count) => count.peers));
  if (peers === 0) return undefined;
  const [first, ...others] = counts.filter((count) => count.peers === peers).map(({ name }) => name);
  const who =
    others.length === 0
      ? `istiod of ${first} reads`
      : `The istiods that read most (${others.length + 1}) each read`;
  const memory = peers * each.megabytes;
  const much = memory < 1000 ? `${memory} MB` : `${(memory / 1000).toFixed(1)} GB`;
  return (
    `${who} ${peers} other ${peers === 1 ? "member" : "members"}: about ${much} of memory and ${peers * each.percentOfCore}% of a core in each replica, ` +
    `where each has 300 Services and 4,000 endpoints (${source}). To read fewer: docs/reading.md.`
  );
}
