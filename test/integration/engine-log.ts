/** What a provider plugin tells its engine. */
import { Server, ServerCredentials, type ServiceDefinition, type sendUnaryData } from "@grpc/grpc-js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import * as service from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogSeverity, type LogRequest } from "@pulumi/pulumi/proto/engine_pb";

export class EngineLog {
  /** Warnings, in order. */
  readonly warnings: string[] = [];

  private constructor(private readonly server: Server) {}

  static async listen(): Promise<{ log: EngineLog; address: string }> {
    const server = new Server();
    const log = new EngineLog(server);
    const { EngineService } = service as unknown as { EngineService: ServiceDefinition };
    server.addService(EngineService, {
      log: ({ request }: { request: LogRequest }, done: sendUnaryData<Empty>) => {
        if (request.getSeverity() === LogSeverity.WARNING) log.warnings.push(request.getMessage());
        done(null, new Empty());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    return { log, address: `127.0.0.1:${port}` };
  }

  clear(): void {
    this.warnings.length = 0;
  }

  close(): void {
    this.server.forceShutdown();
  }
}
