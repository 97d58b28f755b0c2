import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { createServer } from "node:net";

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
    const socket = await boundTo(port);
    if (socket === undefined) return false;
    if (await isFree(port)) {
      this.held.push(socket);
      return true;
    }
    socket.close();
    return false;
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

function boundTo(port: number): Promise<Socket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4").unref();
    socket.once("error", (error) => {
      socket.close();
      if (isTaken(error)) resolve(undefined);
      else reject(error);
    });
    socket.bind({ port, address: "127.0.0.1", exclusive: true }, () => resolve(socket));
  });
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .once("error", (error) => (isTaken(error) ? resolve(false) : reject(error)))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** By a program, or by the system. With any other error no port would do. */
const isTaken = ({ code }: NodeJS.ErrnoException) => code === "EADDRINUSE" || code === "EACCES";
