/** Releases of Helm that an interrupted update left behind. */

/** One revision of a release: Helm keeps a Secret for each. */
export interface Revision {
  /** Name of the Secret. */
  secret: string;
  namespace: string;
  /** Name of the release. */
  release: string;
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
  return history.filter(({ status }) => !isKnown || status.startsWith("pending-"));
}

/**
 * Who else than Pulumi's provider installed a release: `Helm` is its command line. A release bears no label of Weft's, but a client's
 * user agent tells: provider/pkg/version/version.go of pulumi-kubernetes, pkg/cli/environment.go of helm.
 */
export function otherInstaller(history: Revision[]): string | undefined {
  const other = history.find(({ installer }) => !installer?.startsWith("pulumi-"));
  return other && (other.installer ?? "somebody");
}
