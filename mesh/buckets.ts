/** How the peers of one reader are spread over PeerSecrets. */
import { createHash } from "node:crypto";

/**
 * Most peers in one Secret. A Secret holds at most 1 MiB; Weft stays below 800 KiB, and a kubeconfig with a CA and a
 * token takes up to 4 KiB.
 * https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size
 */
export const peersPerBucket = (800 * 1024) / (4 * 1024);

/**
 * Spreads peers over buckets: one as long as they all fit, beyond that a power of two of them by a hash of the peer's
 * name. So a peer that joins or leaves moves no other, unless the number of buckets changes.
 *
 * When it does, keys move between Secrets, and istiod ignores a cluster that another Secret still holds
 * (pkg/kube/multicluster/secretcontroller.go): the Secret that gives a key up has to do so first.
 * @returns names by bucket, both sorted; no entry for a bucket that nobody is in.
 */
export function peerBuckets(names: string[]): Map<number, string[]> {
  const sorted = [...names].sort();
  let count = 1;
  let buckets = spread(sorted, count);
  while ([...buckets.values()].some((bucket) => bucket.length > peersPerBucket)) {
    count *= 2;
    buckets = spread(sorted, count);
  }
  return buckets;
}

function spread(names: string[], count: number): Map<number, string[]> {
  const buckets = new Map<number, string[]>();
  for (const name of names) {
    const bucket = hash(name) % count;
    const members = buckets.get(bucket);
    if (members === undefined) buckets.set(bucket, [name]);
    else members.push(name);
  }
  return new Map([...buckets].sort(([a], [b]) => a - b));
}

function hash(name: string): number {
  return createHash("sha256").update(name).digest().readUInt32BE();
}
