/** Helm's own record of a release. Pure. */
import { gunzipSync } from "node:zlib";
import { z } from "zod";
import type { Release } from "./found";

/** https://github.com/helm/helm/blob/v3.20.2/pkg/release/release.go */
const recordSchema = z.object({
  name: z.string(),
  version: z.number(),
  info: z.object({ status: z.string() }),
  chart: z.object({ metadata: z.object({ name: z.string(), version: z.string() }) }),
  config: z.record(z.string(), z.unknown()).nullish(),
});

/**
 * The releases in Secrets of Helm's, each at its last revision, sorted by name.
 * @param records `data.release` of each: base64 of gzip of JSON, in base64 as is all that a Secret holds.
 */
export function releasesIn(records: string[]): Release[] {
  const latest = new Map<string, z.output<typeof recordSchema>>();
  for (const record of records) {
    const gzipped = Buffer.from(Buffer.from(record, "base64").toString("latin1"), "base64");
    const release = recordSchema.parse(JSON.parse(gunzipSync(gzipped).toString("utf8")));
    if ((latest.get(release.name)?.version ?? 0) < release.version) latest.set(release.name, release);
  }
  return [...latest.values()]
    .map(({ name, info, chart: { metadata }, config }) => ({
      name,
      chart: metadata.name,
      version: metadata.version,
      status: info.status,
      values: config ?? {},
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}
