/** `npm run adopt`: how a mesh that was installed by hand becomes a stack's. Reads the members, changes nothing. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseOptions, usage } from "./adopt/options";
import { planAdoption } from "./adopt/plan";
import { steps } from "./adopt/steps";
import { tellMistake } from "./usage";

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === "help") return console.log(usage);
  const { stack, out } = options;
  const { adoption, stackFile, imports } = await planAdoption(stack);

  const name = `Pulumi.${stack.split("/").at(-1)!}.yaml`;
  const files = { config: join(out, name), imports: join(out, "import.json") };
  // Helm values may hold what is secret, and so may a kubeconfig of the stack config in the import file.
  await mkdir(out, { recursive: true, mode: 0o700 });
  await writeFile(files.config, stackFile, { mode: 0o600 });
  await writeFile(files.imports, `${JSON.stringify(imports, undefined, 2)}\n`, { mode: 0o600 });
  console.log(steps({ adoption, stack, files, out, stackFile: name }));
}

main(process.argv.slice(2)).catch((error: unknown) => tellMistake(error, usage));
