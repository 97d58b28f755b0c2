/** The process behind up.ts: runs the one `up` that it is sent, and ends when its parent does. */
import { createRequire } from "node:module";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { openStack } from "../engine/stack";
import type { UpMessage, UpRequest } from "./up";

/** Most steps wait for a cluster, not for this machine. */
const parallel = 256;

const send = (message: UpMessage) => process.send!(message);

async function run({ program, ...args }: UpRequest): Promise<UpMessage> {
  const file = join(program, "index.ts");
  const stack = await openStack({
    ...args,
    stack: "rehearsal",
    program: createRequire(file)(file) as PulumiFn,
  });
  const { outputs } = await stack.up({
    parallel,
    onEvent: (event) => {
      // Pulumi's SDK sends the engine every answer in full, to be shown with --debug alone.
      if (event.diagnosticEvent?.prefix !== "debug: ") send({ event });
    },
  });
  return { outputs };
}

process.once("message", (request: UpRequest) => {
  run(request).then(send, (error: Error) => send({ failure: error.message }));
});
process.on("disconnect", () => process.exit());
