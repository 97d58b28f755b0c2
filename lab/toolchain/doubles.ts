import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { LabError } from "../error";
import { addingToCache, cacheDirectory, fingerprint } from "./cache";
import { build } from "./go";
import { platform } from "./programs";
import { stopwatch, type ToolchainOptions } from "./progress";

const MODULE = resolve(__dirname, "../doubles");

/**
 * Builds the doubles of provider plugins out of the Go module `lab/doubles`, unless these very sources are built already.
 * @param plugins names of providers, each a main package of the module
 * @returns the folder that holds each as `pulumi-resource-<plugin>`
 * @throws LabError when one does not exist or cannot be built
 */
export async function ensureDoubles(
  plugins: readonly string[],
  { report }: ToolchainOptions,
): Promise<string> {
  const folder = join(cacheDirectory(platform), "doubles", fingerprintOf(MODULE));
  const program = (plugin: string) => join(folder, `pulumi-resource-${plugin}`);
  const isMissing = (plugin: string) => !existsSync(program(plugin));

  if (!plugins.some(isMissing)) return folder;
  await addingToCache(
    async () => {
      for (const plugin of plugins.filter(isMissing)) {
        if (!existsSync(join(MODULE, plugin))) {
          throw new LabError(
            `There is no double of the ${plugin} provider: install the real one with "pulumi plugin install resource ${plugin}".`,
          );
        }
        report(`double of the ${plugin} provider: building with Go`);
        const took = stopwatch();
        await build({ directory: MODULE, package: `./${plugin}`, variables: {} }, program(plugin), {
          report,
        }).catch((error: Error) => {
          throw new LabError(`The double of the ${plugin} provider cannot be built: ${error.message}`);
        });
        report(`double of the ${plugin} provider: built in ${took()}`);
      }
    },
    (pid) => report(`doubles of providers: process ${pid} is getting programs, waiting`),
  );
  return folder;
}

/** Differs when any file differs that Go may compile in. */
function fingerprintOf(module: string): string {
  const files = readdirSync(module, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(module, join(entry.parentPath, entry.name)))
    .filter((file) => !file.endsWith("_test.go") && !/^charts\/|(^|\/)testdata\//.test(file))
    .sort();
  return fingerprint(...files.flatMap((file) => [file, readFileSync(join(module, file))]));
}
