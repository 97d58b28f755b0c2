/** `npm run watch`: status for Prometheus. Reads the members, changes nothing. */
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { ConfigError } from "../mesh/problems";
import { readMesh } from "./facts/read";
import { readMeshOf } from "./stack-config";
import { UsageError } from "./usage";
import { parseOptions, usage } from "./watch/watch-options";
import { serve } from "./watch/server";
import { Watcher } from "./watch/watcher";

// A process that is alone in its container has no default for these. There is nothing to put in order.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => process.exit(0));

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === "help") return console.log(usage);
  const { stack, intervalMs } = options;
  const watcher = new Watcher(
    {
      mesh: (warn) => readMeshOf(stack, { warn }),
      facts: readMesh,
      now: () => new Date(),
      tell: (message) => console.error(message),
    },
    intervalMs,
  );
  const server = await serve(watcher, options);
  const { address, family, port } = server.address() as AddressInfo;
  console.error(
    `http://${family === "IPv6" ? `[${address}]` : address}:${port}/metrics, from the first look on`,
  );
  for (;;) await Promise.all([watcher.look(), pause(intervalMs)]);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { syscall, code, message } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError) console.error(`${message}\n\n${usage}`);
  else if (error instanceof ConfigError) console.error(message);
  else if (syscall === "listen" || syscall === "getaddrinfo")
    console.error(`--metrics: nothing can be served at this address (${code}).`);
  else {
    console.error(error);
    process.exit(1);
  }
  // The server and the pause would go on.
  process.exit(2);
});
