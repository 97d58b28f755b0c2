/** A language host that serves no program: the engine asks for one even in `pulumi import`, which runs none. */
import { Server, ServerCredentials, type sendUnaryData, type ServiceDefinition } from "@grpc/grpc-js";
import * as service from "@pulumi/pulumi/proto/language_grpc_pb";
import { GetRequiredPluginsResponse } from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";

/**
 * Runs what needs one, in a project whose `runtime` is what it is given.
 * @see clientRuntimeName in pkg/engine/deployment.go of pulumi
 */
export async function withLanguageHost<T>(run: (runtime: object) => Promise<T>): Promise<T> {
  const server = new Server();
  const { LanguageRuntimeService } = service as unknown as { LanguageRuntimeService: ServiceDefinition };
  server.addService(LanguageRuntimeService, {
    getRequiredPlugins: (_: unknown, done: sendUnaryData<GetRequiredPluginsResponse>) =>
      done(null, new GetRequiredPluginsResponse()),
    getPluginInfo: (_: unknown, done: sendUnaryData<PluginInfo>) => done(null, new PluginInfo()),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  try {
    return await run({ name: "client", options: { address: `127.0.0.1:${port}` } });
  } finally {
    server.forceShutdown();
  }
}
