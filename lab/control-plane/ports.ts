import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ranges from which systems take the ports of outgoing connections: a port kept over a restart stays free. */
const FIRST = 20_000;
const LAST = 32_000;

/** A port of the loopback interface that nobody listens on and that is not in `taken`. */
export async function freePort(taken: ReadonlySet<number>): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, LAST);
    if (!taken.has(port) && (await isFree(port))) return port;
  }
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
