/** A front of an API server that answers, when told so, as one does that is overloaded or ill, or whose clock is off. */
import { once } from "node:events";
import * as fs from "node:fs/promises";
import https from "node:https";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { KubeConfig } from "@kubernetes/client-node";
import type { LabCluster } from "../../lab/control-plane";
import { makeIdentity } from "../clusters/fake-api-server";

/** Every so many requests one is answered by the front itself. */
const every = 8;

export class FaultProxy {
  /** What it answers by itself. Default: every request goes through. */
  status: number | undefined;
  /** How far the clock by which it answers is ahead, in milliseconds. */
  clockOffsetMs = 0;
  /** The statuses that it has answered by itself. */
  readonly answered = new Set<number>();
  private requests = 0;

  private constructor(
    private readonly server: https.Server,
    /** Kubeconfig by which one comes to the API server through the front. */
    readonly kubeconfig: string,
  ) {}

  /** @param dir where its kubeconfig is written. */
  static async before({ kubeconfig }: LabCluster, dir: string): Promise<FaultProxy> {
    const direct = new KubeConfig();
    direct.loadFromFile(kubeconfig);
    const { server: url, caData } = direct.getCurrentCluster()!;
    const { certData, keyData } = direct.getCurrentUser()!;
    const pem = (data: string | undefined) => Buffer.from(data!, "base64");
    const way = {
      agent: new https.Agent({ keepAlive: true }),
      ca: pem(caData),
      cert: pem(certData),
      key: pem(keyData),
    };

    const identity = await makeIdentity();
    const server = https.createServer({ cert: identity.cert, key: identity.key }, (request, response) => {
      const status = proxy.statusOfNext();
      if (status !== undefined) {
        const headers = { "Content-Type": "application/json", ...(status === 429 && { "Retry-After": "1" }) };
        const body = {
          kind: "Status",
          apiVersion: "v1",
          status: "Failure",
          message: "as told",
          code: status,
        };
        request.resume();
        response.writeHead(status, headers).end(JSON.stringify(body));
        return;
      }
      const { method, headers } = request;
      delete headers.authorization;
      const forwarded = https.request(url + request.url!, { ...way, method, headers }, (answer) => {
        const date = new Date(Date.parse(answer.headers.date!) + proxy.clockOffsetMs).toUTCString();
        response.writeHead(answer.statusCode!, { ...answer.headers, date });
        answer.pipe(response);
      });
      forwarded.on("error", () => response.destroy());
      response.on("close", () => forwarded.destroy());
      request.pipe(forwarded);
    });
    await once(server.listen(0, "127.0.0.1"), "listening");

    const front = new KubeConfig();
    front.loadFromClusterAndUser(
      {
        name: "front",
        server: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
        caData: Buffer.from(identity.ca).toString("base64"),
        skipTLSVerify: false,
      },
      { name: "front", token: "the-front-adds-the-administrator" },
    );
    const file = path.join(dir, "front.kubeconfig");
    await fs.writeFile(file, front.exportConfig(), { mode: 0o600 });
    const proxy = new FaultProxy(server, file);
    return proxy;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private statusOfNext(): number | undefined {
    if (this.status === undefined || ++this.requests % every !== 0) return undefined;
    this.answered.add(this.status);
    return this.status;
  }
}
