/**
 * `run-operation.ts <lab's folder> <bin> <preview|up>`: runs it on the lab's stack `test`, as it was last opened, in a process of
 * its own. Jest would take an inline program that throws for an error of the test.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { openStack, type LabStackArgs } from "../../lab/engine/stack";

const [dir, bin, operation] = process.argv.slice(2) as [string, string, "preview" | "up"];

void (async () => {
  const file = path.join(dir, "stack", "Pulumi.test.yaml");
  const { config } = parse(fs.readFileSync(file, "utf8")) as Pick<LabStackArgs, "config">;
  const stack = await openStack({ dir, stack: "test", bin, config });
  await stack[operation]({ onOutput: (text) => process.stdout.write(text) });
})();
