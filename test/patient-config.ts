/** The Kubernetes client library, with the patience that API servers ask for. */
import { setTimeout as sleep } from "node:timers/promises";
import {
  createConfiguration,
  KubeConfig,
  ServerConfiguration,
  wrapHttpLibrary,
  type ApiConstructor,
  type ApiType,
} from "@kubernetes/client-node";
import { patienceIn } from "../clusters/api-client";

/**
 * Its clients ask again after 429, as Go's do: an API server answers so while it sets up the storage of a kind whose CRD is new. To the
 * library's own it is an unknown status.
 */
export class PatientConfig extends KubeConfig {
  override makeApiClient<T extends ApiType>(type: ApiConstructor<T>): T {
    const { httpApi } = createConfiguration();
    return new type(
      createConfiguration({
        baseServer: new ServerConfiguration(this.getCurrentCluster()!.server, {}),
        authMethods: { default: this },
        httpApi: wrapHttpLibrary({
          send: async (request) => {
            for (;;) {
              const response = await httpApi.send(request).toPromise();
              if (response.httpStatusCode !== 429) return response;
              await sleep(patienceIn(response.headers["retry-after"], await response.body.text()));
            }
          },
        }),
      }),
    );
  }
}
