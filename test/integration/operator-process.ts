/** The process behind operator.ts: runs the operations it is sent, one after the other, until its parent is gone. */
import * as fs from "node:fs";
import { createRequire } from "node:module";
import * as path from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { parse } from "yaml";
import { openStack, type LabStackArgs } from "../../lab/engine/stack";
import type { Message, Request } from "./operator";

const send = (message: Message) => process.send!(message);

async function run({ dir, stack: name, bin, program, operation, options, env }: Request): Promise<Message> {
  const file = path.join(dir, "stack", `Pulumi.${name}.yaml`);
  const { config } = parse(fs.readFileSync(file, "utf8")) as Pick<LabStackArgs, "config">;
  const stack = await openStack({ dir, stack: name, bin, config, program: programOf(program) });
  Object.assign(process.env, env);
  try {
    const result = await stack[operation]({
      ...options,
      onOutput: (text: string) => void send({ output: text }),
      onError: (text: string) => void send({ error: text }),
      onEvent: (event) => void send({ event }),
    });
    return { result };
  } finally {
    for (const name of Object.keys(env ?? {})) delete process.env[name];
  }
}

/** The file is known when the operation is. */
function programOf(file?: string): PulumiFn | undefined {
  if (file === undefined) return undefined;
  return (createRequire(file)(file) as { default: PulumiFn }).default;
}

process.on("message", (request: Request) => {
  run(request).then(send, (error: Error) => send({ failure: error.message }));
});
process.on("disconnect", () => process.exit());
