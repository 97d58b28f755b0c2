/** Asks a member's API server in an `up`, and says what to do when it refuses. */
import { ApiClient, ApiServerError, defaultTimeoutMs } from "../../clusters/api-client";
import type { ResolvedKubeconfig } from "../../clusters/kubeconfig";
import { renderProblem } from "../../mesh/problems";

export interface AskingOptions {
  /** What it is asked to do, as a verb that follows "does not" and "may not". */
  what: string;
  /** What comes of it that the user may not do this, as the end of a sentence. @default nothing to add */
  blind?: string;
  /** Milliseconds for all requests. @default 30 s */
  timeoutMs?: number;
}

/** @throws CredentialsError; Error when the API server gives no answer, or the user may not */
export async function asking<T>(
  kubeconfig: ResolvedKubeconfig,
  { what, blind = "", timeoutMs = defaultTimeoutMs }: AskingOptions,
  ask: (api: ApiClient) => Promise<T>,
): Promise<T> {
  const api = await ApiClient.of(kubeconfig, timeoutMs);
  try {
    return await ask(api);
  } catch (error) {
    if (!(error instanceof ApiServerError)) throw error;
    const { context } = kubeconfig;
    throw error.kind === "status" && error.code === "403"
      ? refusal(
          kubeconfig,
          `The user of context ${context} may not ${what}${blind}.`,
          "Grant it (docs/rights.yaml), then `pulumi up` again.",
        )
      : refusal(
          kubeconfig,
          `The API server of context ${context} does not ${what} (${error.message}).`,
          "Once it answers, `pulumi up` again.",
        );
  } finally {
    api.close();
  }
}

/** An error that stops the `up`, in the words of one in stack config. */
export function refusal({ path, context }: ResolvedKubeconfig, message: string, remedy: string): Error {
  return new Error(renderProblem({ path, value: context, message, remedy }));
}
