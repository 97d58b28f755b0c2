/** Releases of Helm that an interrupted update left behind. */

/** One revision of a release: Helm keeps a Secret for each. */
export interface Revision {
  /** Name of the Secret. */
  secret: string;
  namespace: string;
  /** Name of the release. */
  release: string;
  /** The later, the higher. */
  version: number;
  /** https://github.com/helm/helm/blob/v3.20.2/pkg/release/status.go */
  status: string;
  /** As whom the API server knows the client that wrote the Secret; undefined where it does not say. */
  installer?: string;
}

/**
 * The revisions that Helm would stumble over: "cannot re-use a name that is still in use", "another operation
 * (install/upgrade/rollback) is in progress". Without them it takes over the objects, which carry the release's name.
 * @param isKnown whether the engine knows the release. What it is about to create should not be there at all: Helm installed it, or
 * began to, and the engine was killed before it wrote that into its state. Of a release that it knows, only an attempt that was cut off
 * is in the way.
 */
export function obstacles(history: Revision[], isKnown: boolean): Revision[] {
  return history.filter((revision) => !isKnown || isCutOff(revision));
}

const isCutOff = ({ status }: Revision) => status.startsWith("pending-");

/** The last attempt, where it failed, and what was deployed before it; undefined where it did not, or nothing was. */
export function lastFailure(history: Revision[]): { failed: Revision; deployed: Revision[] } | undefined {
  const [failed, ...earlier] = history
    .filter((revision) => !isCutOff(revision))
    .sort((a, b) => b.version - a.version);
  const deployed = earlier.filter(({ status }) => status === "deployed");
  return failed?.status === "failed" && deployed.length > 0 ? { failed, deployed } : undefined;
}

/**
 * Whether an attempt failed only in the end, when all was in the cluster and Helm waited for it. The next one has to be compared with that:
 * Helm takes away what stood in the revision that is deployed, or, where none is, in the last (prepareUpgrade in pkg/action/upgrade.go of
 * helm). So the `nodeSelector` for which no pod was scheduled would stay when it is taken out of the values, and every `up` fail by it.
 * @param description of the revision: "Upgrade "istiod" failed: context deadline exceeded".
 */
export function failedWaiting(description: string): boolean {
  return /: (context deadline exceeded|context canceled|timed out waiting for the condition)$/.test(
    description,
  );
}

/**
 * Who else than Pulumi's provider installed a release: `Helm` is its command line. A release bears no label of Weft's, but a client's
 * user agent tells: provider/pkg/version/version.go of pulumi-kubernetes, pkg/cli/environment.go of helm.
 */
export function otherInstaller(history: Revision[]): string | undefined {
  const other = history.find(({ installer }) => !installer?.startsWith("pulumi-"));
  return other && (other.installer ?? "somebody");
}
