/** `npm run graph`: a map of the mesh. Reads the members, changes nothing. */
import { writeFile } from "node:fs/promises";
import { ConfigError } from "../mesh/problems";
import { readMesh } from "./facts/read";
import { html } from "./map/html";
import { mermaid } from "./map/mermaid";
import { mapOf } from "./map/model";
import { parseOptions, usage } from "./map/graph-options";
import { svg } from "./map/svg";
import { UsageError } from "./usage";
import { judgeMesh } from "./report";
import { readMeshOf } from "./stack-config";

const renderers = { mermaid, svg, html };

async function main(argv: string[]): Promise<void> {
  const options = parseOptions(argv);
  if (options === "help") return console.log(usage);
  const mesh = await readMeshOf(options.stack, { warn: (message) => console.error(message) });
  const report = options.status ? judgeMesh(mesh, await readMesh(mesh)) : undefined;
  const drawn = renderers[options.format](mapOf(mesh, report), report);
  if (options.out === undefined) process.stdout.write(drawn);
  else await writeFile(options.out, drawn);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const { code, path } = error as NodeJS.ErrnoException;
  if (error instanceof UsageError) console.error(`${error.message}\n\n${usage}`);
  else if (error instanceof ConfigError) console.error(error.message);
  else if (code !== undefined && path !== undefined) console.error(`${path} cannot be written (${code}).`);
  else throw error;
  process.exitCode = 2;
});
