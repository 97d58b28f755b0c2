import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below the ranges from which systems take the ports of outgoing connections: a port kept over a restart stays free. */
const FIRST = 20_000;
const LAST = 32_000;

/**
 * Ports of the loopback interface that a lab has chosen. What shall listen on them takes seconds to do so, and another lab may
 * choose meanwhile: UDP's port of the same number, which nothing in a lab uses, says that it is taken. It goes with this process at the
 * latest.
 */
export class PortClaims {
  private readonly held: Socket[] = [];

  /** @returns whether the port was free: nobody listens on it, and nobody has claimed it. */
  async claim(port: number): Promise<boolean> {
    const claim = createSocket("udp4").unref();
    claim.bind({ port, address: "127.0.0.1", exclusive: true });
    if (!(await opens(claim))) return false;
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await opens(server);
    if (isFree) {
      this.held.push(claim);
      await new Promise((resolve) => server.close(resolve));
    } else claim.close();
    return isFree;
  }

  /** Claims a port that is not in `taken`. */
  async claimAny(taken: ReadonlySet<number>): Promise<number> {
    for (;;) {
      const port = randomInt(FIRST, LAST);
      if (!taken.has(port) && (await this.claim(port))) return port;
    }
  }

  release(): void {
    for (const socket of this.held.splice(0)) socket.close();
  }
}

/** False where the port is taken, by a program or by the system. With any other error no port would do. */
function opens(socket: Socket | Server): Promise<boolean> {
  return once(socket, "listening").then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      socket.close();
      if (error.code === "EADDRINUSE" || error.code === "EACCES") return false;
      throw error;
    },
  );
}
