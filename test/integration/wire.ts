/** A way to a port of this machine that can be cut. */
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";

export class Wire {
  private readonly ends = new Set<net.Socket>();

  private constructor(
    private readonly server: net.Server,
    readonly port: number,
  ) {}

  static async to({ hostname, port }: URL): Promise<Wire> {
    const server = net.createServer((near) => {
      const far = net.connect(Number(port), hostname);
      for (const [end, other] of [
        [near, far],
        [far, near],
      ] as const) {
        wire.ends.add(end);
        end.on("error", () => {});
        end.on("close", () => {
          wire.ends.delete(end);
          other.destroy();
        });
        end.pipe(other);
      }
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    const wire = new Wire(server, (server.address() as AddressInfo).port);
    return wire;
  }

  /** What is open is closed, and what comes is refused. */
  cut(): void {
    this.server.close();
    for (const end of this.ends) end.destroy();
  }

  async mend(): Promise<void> {
    await once(this.server.listen(this.port, "127.0.0.1"), "listening");
  }
}
