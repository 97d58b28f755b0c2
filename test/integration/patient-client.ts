/** Clients of an API server that ask again where it asks for patience. */
import { setTimeout as pause } from "node:timers/promises";
import {
  type ApiType,
  type Configuration,
  createConfiguration,
  KubeConfig,
  type RequestContext,
  type ResponseContext,
  ServerConfiguration,
  wrapHttpLibrary,
} from "@kubernetes/client-node";

const { httpApi } = createConfiguration();

/** With the header that Go's clients heed: while it sets up the storage of a kind whose CRD is new, an API server answers nobody. */
async function send(request: RequestContext): Promise<ResponseContext> {
  for (;;) {
    const answer = await httpApi.send(request).toPromise();
    if (answer.httpStatusCode !== 429) return answer;
    await pause((Number(answer.headers["retry-after"]) || 1) * 1000);
  }
}

export class PatientKubeConfig extends KubeConfig {
  override makeApiClient<T extends ApiType>(Client: new (config: Configuration) => T): T {
    const { server } = this.getCurrentCluster()!;
    return new Client(
      createConfiguration({
        baseServer: new ServerConfiguration(server, {}),
        authMethods: { default: this },
        httpApi: wrapHttpLibrary({ send }),
      }),
    );
  }
}
