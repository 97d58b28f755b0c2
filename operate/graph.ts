/** `npm run graph`: a map of the mesh. Reads the members, changes nothing. */
import { writeFile } from "node:fs/promises";
import { readMesh } from "./facts/read";
import { html } from "./map/html";
import { mermaid } from "./map/mermaid";
import { mapOf } from "./map/model";
import { parseOptions, usage } from "./map/graph-options";
import { svg } from "./map/svg";
import { tellMistake } from "./usage";
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

main(process.argv.slice(2)).catch((error: unknown) => tellMistake(error, usage));
