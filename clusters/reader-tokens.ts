/** Tokens by which readers read a member: asks its API server for one, and whether it accepts one. */
import {
  hourMs,
  lifeOf,
  readerToken,
  scheduleOf,
  type ReaderToken,
  type TokenRequest,
} from "../mesh/reader-token";
import { renderProblem } from "../mesh/problems";
import { ApiClient, ApiServerError, defaultTimeoutMs } from "./api-client";
import type { ResolvedKubeconfig } from "./kubeconfig";

/** Istio's base chart creates it for readers, in istio-system. */
export const readerServiceAccount = "istio-reader-service-account";

/**
 * Asks for a token that ends.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-request-v1/
 * @param warn told where the API server gives less than was asked for.
 * @returns Secret.
 * @throws CredentialsError; Error with a remedy when the API server gives none
 */
export async function requestToken(
  kubeconfig: ResolvedKubeconfig,
  { cluster, lifetimeHours, boundTo }: TokenRequest,
  warn: (message: string) => void,
): Promise<string> {
  const api = await ApiClient.of(kubeconfig, defaultTimeoutMs);
  try {
    const { status } = await api.post<{ status: { token: string } }>(
      `/api/v1/namespaces/istio-system/serviceaccounts/${readerServiceAccount}/token`,
      {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenRequest",
        spec: {
          // Those of the API server itself.
          audiences: [],
          expirationSeconds: lifetimeHours * 3600,
          boundObjectRef: { apiVersion: "v1", kind: "Secret", ...boundTo },
        },
      },
    );
    const given = readerToken(status.token);
    if (given !== undefined) warnOfLess(cluster, lifetimeHours, given, warn);
    return status.token;
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    const { path, context } = kubeconfig;
    const remedy =
      error.code === "403"
        ? "Grant `create` on `serviceaccounts/token` (docs/rights.yaml), then `pulumi up` again."
        : error.code === "404" || error.code === "409"
          ? `ServiceAccount ${readerServiceAccount} or Secret ${boundTo.name} is gone from istio-system: \`pulumi up --refresh\`.`
          : "Once it does, `pulumi up` again.";
    const message = `The API server gives no token for the readers of ${cluster} (${error.message}). They go on with the ones that they have.`;
    throw new Error(renderProblem({ path, value: context, message, remedy }), { cause: error });
  } finally {
    api.close();
  }
}

function warnOfLess(cluster: string, asked: number, given: ReaderToken, warn: (message: string) => void) {
  const hours = lifeOf(given) / hourMs;
  if (hours >= asked) return;
  const minutes = Math.floor(scheduleOf(hours) / 60_000);
  const often = minutes < 120 ? `${minutes} minutes` : `${Math.floor(minutes / 60)} hours`;
  warn(
    `${cluster}: its API server lets a token live for ${Number(hours.toFixed(2))} hours, and tokenLifetimeHours asks for ${asked}. ` +
      `Say so in remoteAccess.tokenLifetimeHours of ${cluster}, and run \`pulumi up\` every ${often} or more often.`,
  );
}

/**
 * Whether a token is good by itself; undefined where the user may not ask.
 * https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/
 * @param timeoutMs for all requests.
 */
export async function accepts(
  kubeconfig: ResolvedKubeconfig,
  token: string,
  timeoutMs: number,
): Promise<boolean | undefined> {
  const api = await ApiClient.of(kubeconfig, timeoutMs);
  try {
    const review = { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token } };
    const path = "/apis/authentication.k8s.io/v1/tokenreviews";
    const { status } = await api.post<{ status?: { authenticated?: boolean } }>(path, review);
    return status?.authenticated === true;
  } catch (error) {
    if (error instanceof ApiServerError) return undefined;
    throw error;
  } finally {
    api.close();
  }
}
